import java.net.http.HttpClient.Version;

/**
 * Java against a server of conformance/clients/languages/models: grpc-java with the project's proto, and the JDK's
 * HTTP client, which compares tensors byte by byte.
 *
 * <p>java -cp "clients-0.jar:lib/*" Main 127.0.0.1:8080 127.0.0.1:8081
 */
final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    for (Version version : Version.values()) new OverHTTP(args[0], version).everything();
    for (int window : new int[] {0, 65_535, 8 << 20}) {
      try (OverGRPC client = new OverGRPC(args[1], window)) {
        client.everything();
      }
    }
    System.out.printf("Java, grpc-java and java.net.http: %d checks passed%n", Checks.passed);
  }
}
