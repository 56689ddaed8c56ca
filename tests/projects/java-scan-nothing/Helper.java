class Helper {
    static String word() {
        return "word";
    }
}
