import java.util.Arrays;
import java.util.Objects;

/** What was asked for and what came: the first that differs ends the program. */
final class Checks {
  static int passed;

  private Checks() {}

  static synchronized void check(String what, Object got, Object want) {
    if (!Objects.deepEquals(got, want)) {
      throw new AssertionError("java: %s: got %s, want %s".formatted(what, text(got), text(want)));
    }
    passed++;
  }

  private static String text(Object o) {
    String s = o instanceof byte[] b ? b.length + " bytes, " + Arrays.hashCode(b) : String.valueOf(o);
    return s.length() > 500 ? s.substring(0, 500) + " ..." : s;
  }
}
