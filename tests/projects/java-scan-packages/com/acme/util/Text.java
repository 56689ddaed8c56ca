package com.acme.util;

public class Text {
    public static String shout(String words) {
        return words.toUpperCase();
    }
}
