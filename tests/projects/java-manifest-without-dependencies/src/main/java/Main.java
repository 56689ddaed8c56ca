import com.google.gson.Gson;

public class Main {
    public static void main(String[] args) {}
}
