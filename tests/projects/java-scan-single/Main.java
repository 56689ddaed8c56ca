import com.google.gson.Gson;
import java.util.List;
import org.apache.commons.lang3.StringUtils;
import org.slf4j.*;
import com.example.missing.Thing;

public class Main {
    public static void main(String[] args) throws Exception {
        java.sql.DriverManager.getConnection("jdbc:h2:mem:test");
    }
}
