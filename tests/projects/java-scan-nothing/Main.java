import java.util.*;
import javax.swing.JFrame;

class Main {
    public static void main(String[] args) {
        System.out.println(Helper.word());
    }
}
