package com.acme;

import com.acme.model.User;
import com.acme.util.*;

public class App {
    public static void main(String[] args) {
        System.out.println(new Helper().help(new User("x")) + Text.shout("y"));
    }
}
