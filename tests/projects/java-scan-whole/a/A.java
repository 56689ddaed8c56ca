package a;

import org.jsoup.Jsoup;

class A {}
