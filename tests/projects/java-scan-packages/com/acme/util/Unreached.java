package com.acme.util;

import org.jsoup.Jsoup;

public class Unreached {}
