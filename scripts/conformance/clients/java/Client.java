import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Kafka's Java client. See ../kit.py for how it is called. */
public final class Client {
    private Client() {}

    public static void main(String[] words) throws Exception {
        Map<String, String> args = new HashMap<>();
        for (int at = 0; at + 1 < words.length; at += 2) {
            args.put(words[at].substring(2), words[at + 1]);
        }
        String feature = words[words.length - 1];
        Bench bench = new Bench(args.get("bootstrap"), args.getOrDefault("prefix", "x"));
        if (feature.equals("member")) {
            new Member(bench, args.get("group"), args.get("topic"), args.get("protocol")).work();
        }
        try {
            tell("pass", new Features(bench).run(feature));
        } catch (Exception | AssertionError error) {
            error.printStackTrace();
            tell("fail", error + " " + Arrays.stream(error.getStackTrace())
                .filter(frame -> frame.getClassName().equals("Features")).findFirst().orElse(null));
        }
        // Clients that were left open keep nobody waiting.
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void tell(String result, String detail) throws Exception {
        Map<String, String> told = Map.of("result", result, "detail", detail);
        System.out.println(new ObjectMapper().writeValueAsString(told));
    }
}
