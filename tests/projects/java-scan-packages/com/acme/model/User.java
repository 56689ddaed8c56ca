package com.acme.model;

import lombok.NonNull;

public record User(@NonNull String name) {}
