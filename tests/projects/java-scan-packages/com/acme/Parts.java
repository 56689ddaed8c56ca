package com.acme;

import com.acme.model.User;

class Helper {
    String help(User user) {
        return user.name();
    }
}
