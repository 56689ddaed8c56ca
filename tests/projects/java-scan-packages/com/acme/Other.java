package com.acme;

import org.joda.time.DateTime;

class Unused {}
