public class Part {}
