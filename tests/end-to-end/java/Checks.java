// What the official Java client can do with the server.
//
//   java -cp DEPENDENCIES Checks.java TRANSPORT SERVER WIRE CONTROL
//
// TRANSPORT is WEBSOCKETS or LONG_POLLING. What is printed is described at `prove`, in `src/checks.rs`.
import com.google.gson.reflect.TypeToken;
import com.microsoft.signalr.HttpHubConnectionBuilder;
import com.microsoft.signalr.HubConnection;
import com.microsoft.signalr.HubConnectionBuilder;
import com.microsoft.signalr.HubConnectionState;
import com.microsoft.signalr.TransportEnum;
import io.reactivex.rxjava3.core.Observable;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.disposables.Disposable;
import io.reactivex.rxjava3.subjects.ReplaySubject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

public class Checks {
    static final long PATIENCE = 20;
    static TransportEnum transport;
    static String server;
    static String wire;
    static String control;
    static final List<HubConnection> connections = new ArrayList<>();

    interface Check {
        void run() throws Exception;
    }

    // The object of the conformance hub.
    static class Payload {
        String text;
        int number;
        double ratio;
        boolean flag;
        String[] tags;
    }

    public static void main(String[] arguments) throws Exception {
        transport = TransportEnum.valueOf(arguments[0]);
        server = arguments[1];
        wire = arguments[2];
        control = arguments[3];

        check("connection", "start over the transport and stop without an error", () -> {
            HubConnection connection = connect("/hubs/conformance");
            String expected = transport == TransportEnum.WEBSOCKETS ? "WebSockets" : "LongPolling";
            equal(call(connection, String.class, "TransportName"), expected);
            equal(call(connection, String.class, "CallerId"), connection.getConnectionId());
            CompletableFuture<String> closed = closed(connection);
            connection.stop().blockingAwait(PATIENCE, TimeUnit.SECONDS);
            String error = closed.get(PATIENCE, TimeUnit.SECONDS);
            // A poll that comes after the end that the client itself asked for is answered with 404.
            if (transport == TransportEnum.WEBSOCKETS) equal(error, "no error");
        });
        if (transport == TransportEnum.WEBSOCKETS) {
            check("connection", "skip the negotiation", () -> {
                HubConnection connection = connect("/hubs/conformance", builder -> builder.shouldSkipNegotiate(true));
                equal(call(connection, Integer.class, "Add", 1, 2), 3);
            });
        }
        check("connection", "headers and query parameters reach the hub", () -> {
            HubConnection connection = connect("/hubs/conformance?color=blue", builder -> builder.withHeader("X-Color", "green"));
            equal(call(connection, String.class, "Query", "color"), "blue");
            equal(call(connection, String.class, "Header", "x-color"), "green");
        });
        check("connection", "a path without a hub fails the start", () ->
            contains(failure(() -> connect("/hubs/none")), "404"));
        if (transport == TransportEnum.WEBSOCKETS) {
            check("connection", "the server's pings keep a connection that hears nothing else", () -> {
                HubConnection connection = connect("/hubs/impatient", builder -> builder.withServerTimeout(2_600).withKeepAliveInterval(1_000));
                Thread.sleep(4_200);
                equal(connection.getConnectionState(), HubConnectionState.CONNECTED);
                equal(call(connection, Integer.class, "Add", 1, 2), 3);
            });
        }
        check("invoke", "values of every kind come back as they were", () -> {
            HubConnection connection = connect("/hubs/conformance");
            String unicode = "naïve 日本語 🦀 \u0000\u001e\u2028 <b>&amp;'\"\\/ \r\n\t";
            equal(call(connection, String.class, "EchoString", unicode), unicode);
            equal(call(connection, Integer.class, "EchoInt", Integer.MIN_VALUE), Integer.MIN_VALUE);
            equal(call(connection, Double.class, "Echo", -0.125), -0.125);
            equal(call(connection, Boolean.class, "Echo", true), true);
            Map<String, List<Integer>> map = connection.<Map<String, List<Integer>>>invoke(
                new TypeToken<Map<String, List<Integer>>>() { }.getType(), "Echo", Map.of("a", List.of(1, 2))).blockingGet();
            equal(map, Map.of("a", List.of(1, 2)));
        });
        check("payloads", "an object comes back with its camel case", () -> {
            HubConnection connection = connect("/hubs/conformance");
            Payload payload = new Payload();
            payload.text = "æ";
            payload.number = -7;
            payload.ratio = 0.5;
            payload.flag = true;
            payload.tags = new String[] { "a", "b" };
            Payload answer = call(connection, Payload.class, "EchoPayload", payload);
            equal(answer.text + answer.number + answer.ratio + answer.flag + String.join("", answer.tags), "æ-70.5trueab");
        });
        check("invoke", "methods without a result answer, at once and later", () -> {
            HubConnection connection = connect("/hubs/conformance");
            if (!connection.invoke("Nothing").blockingAwait(PATIENCE, TimeUnit.SECONDS)) throw new Exception("no answer");
            if (!connection.invoke("NothingLater").blockingAwait(PATIENCE, TimeUnit.SECONDS)) throw new Exception("no answer");
        });
        check("invoke", "200 calls at once are answered each with its own result", () -> {
            HubConnection connection = connect("/hubs/conformance");
            List<Single<Integer>> calls = IntStream.range(0, 200).mapToObj(i -> connection.invoke(Integer.class, "Add", i, 1_000)).collect(Collectors.toList());
            List<Integer> answers = Single.concat(calls).timeout(PATIENCE, TimeUnit.SECONDS).toList().blockingGet();
            equal(answers, IntStream.range(1_000, 1_200).boxed().collect(Collectors.toList()));
        });
        check("large messages", "a message just below the limit comes back whole", () -> {
            HubConnection connection = connect("/hubs/conformance");
            String text = "æ".repeat(16_000);
            equal(call(connection, String.class, "EchoString", text), text);
        });
        check("large messages", "a message above the limit closes the connection with the reason", () -> {
            HubConnection connection = connect("/hubs/small");
            CompletableFuture<String> closed = closed(connection);
            connection.send("EchoString", "x".repeat(400));
            String error = closed.get(PATIENCE, TimeUnit.SECONDS);
            // Over long polling the client polls again while another thread of it still reads the reason; whichever is first wins.
            boolean overtaken = transport == TransportEnum.LONG_POLLING && error.equals("no error");
            if (!overtaken) contains(error, "The maximum message size of 200B was exceeded.");
        });
        check("errors", "errors of hub methods are hidden, hub errors are told", () -> {
            HubConnection connection = connect("/hubs/conformance");
            equal(failure(() -> call(connection, String.class, "Fail", "secret")), "An unexpected error occurred invoking 'Fail' on the server.");
            equal(failure(() -> call(connection, String.class, "FailHub", "told")), "An unexpected error occurred invoking 'FailHub' on the server. HubException: told");
            equal(failure(() -> call(connection, String.class, "Missing")), "Failed to invoke 'Missing' due to an error on the server. HubException: Method does not exist.");
            equal(failure(() -> call(connection, String.class, "Add", 1)), "Failed to invoke 'Add' due to an error on the server.");
            equal(call(connection, Integer.class, "Add", 1, 2), 3);
        });
        check("lifecycle", "an aborted connection is closed without an error", () -> {
            HubConnection connection = connect("/hubs/conformance");
            CompletableFuture<String> closed = closed(connection);
            connection.send("Abort");
            equal(closed.get(PATIENCE, TimeUnit.SECONDS), "no error");
        });
        check("sends", "a handler hears what is sent, in the order in which it was", () -> {
            HubConnection connection = connect("/hubs/conformance");
            BlockingQueue<Integer> notes = inbox(connection, "Note", Integer.class);
            for (int i = 0; i < 300; i++) {
                connection.send("SendToCaller", "Note", i);
                // Over long polling, the client has no order between its requests.
                if (transport == TransportEnum.LONG_POLLING) equal(next(notes), i);
            }
            if (transport == TransportEnum.WEBSOCKETS) for (int i = 0; i < 300; i++) equal(next(notes), i);
        });
        check("groups", "join, send to the group, leave", () -> {
            HubConnection one = connect("/hubs/conformance");
            HubConnection two = connect("/hubs/conformance");
            String group = "java " + one.getConnectionId();
            BlockingQueue<Integer> ones = inbox(one, "Note", Integer.class);
            BlockingQueue<Integer> twos = inbox(two, "Note", Integer.class);
            one.invoke("Join", group).blockingAwait();
            two.invoke("Join", group).blockingAwait();
            one.invoke("SendToGroup", group, "Note", 1).blockingAwait();
            one.invoke("SendToOthersInGroup", group, "Note", 2).blockingAwait();
            two.invoke("Leave", group).blockingAwait();
            one.invoke("SendToGroup", group, "Note", 3).blockingAwait();
            one.invoke("SendToClient", two.getConnectionId(), "Note", 4).blockingAwait();
            equal(List.of(next(ones), next(ones)), List.of(1, 3));
            equal(List.of(next(twos), next(twos), next(twos)), List.of(1, 2, 4));
        });
        check("streaming", "all items of a stream, in order", () -> {
            HubConnection connection = connect("/hubs/conformance");
            equal(stream(connection.stream(Integer.class, "Counter", 500, 0)), upTo(500));
        });
        check("streaming", "a stream that its reader leaves is cancelled on the server", () -> {
            HubConnection connection = connect("/hubs/conformance");
            CompletableFuture<Void> cancelled = new CompletableFuture<>();
            connection.on("StreamCanceled", () -> cancelled.complete(null));
            Disposable subscription = connection.stream(String.class, "InfiniteStream").subscribe(item -> { }, error -> { });
            equal(call(connection, Integer.class, "Add", 1, 2), 3);
            subscription.dispose();
            cancelled.get(PATIENCE, TimeUnit.SECONDS);
        });
        check("streaming", "a stream that fails gives its items first, then the error", () -> {
            HubConnection connection = connect("/hubs/conformance");
            List<Integer> items = new ArrayList<>();
            equal(failure(() -> connection.stream(Integer.class, "FailingHubStream", 2, "told").doOnNext(items::add).ignoreElements().blockingAwait()),
                "An error occurred on the server while streaming results. HubException: told");
            equal(items, upTo(2));
        });
        // Over long polling, the client has no order between its requests, and polls on for ever.
        if (transport == TransportEnum.WEBSOCKETS) {
            check("uploads", "an upload is joined, alone and beside an argument", () -> {
                HubConnection connection = connect("/hubs/conformance");
                for (boolean prefixed : new boolean[] { false, true }) {
                    ReplaySubject<String> upload = ReplaySubject.create();
                    Single<String> result = prefixed ? connection.invoke(String.class, "ConcatWithPrefix", "> ", upload) : connection.invoke(String.class, "Concat", upload);
                    for (String part : List.of("a", "æ", "🦀")) upload.onNext(part);
                    upload.onComplete();
                    equal(wait(result), prefixed ? "> aæ🦀" : "aæ🦀");
                }
            });
            check("uploads", "a stream both ways", () -> {
                HubConnection connection = connect("/hubs/conformance");
                ReplaySubject<Integer> upload = ReplaySubject.create();
                upTo(50).forEach(upload::onNext);
                upload.onComplete();
                equal(stream(connection.stream(Integer.class, "Doubled", upload)), upTo(50).stream().map(i -> 2 * i).collect(Collectors.toList()));
            });
        }
        check("client results", "the caller answers, and its failure is told", () -> {
            HubConnection connection = connect("/hubs/conformance");
            connection.onWithResult("Double", value -> Single.just(2 * value), Integer.class);
            equal(call(connection, Integer.class, "AskCaller", 21), 42);
            HubConnection failing = connect("/hubs/conformance");
            failing.onWithResult("Double", value -> Single.<Integer>error(new Exception("no idea")), Integer.class);
            contains(call(failing, String.class, "AskCallerCatching", 1), "no idea");
        });
        check("users", "a token makes a user", () -> {
            String token = get(server + "/token?user=java");
            HubConnection connection = connect("/hubs/authorized", builder -> builder.withAccessTokenProvider(Single.just(token)));
            equal(call(connection, String.class, "UserId"), "java");
            contains(failure(() -> connect("/hubs/authorized")), "401");
        });
        if (transport == TransportEnum.WEBSOCKETS) {
            check("reconnect", "a cut wire closes the connection, which starts again as another one", () -> {
                HubConnection connection = build(wire + "/hubs/conformance", builder -> { });
                start(connection);
                String before = connection.getConnectionId();
                CompletableFuture<String> closed = closed(connection);
                try (Socket socket = new Socket(control.split(":")[0], Integer.parseInt(control.split(":")[1]))) {
                    socket.getOutputStream().write("cut\n".getBytes());
                    new BufferedReader(new InputStreamReader(socket.getInputStream())).readLine();
                }
                closed.get(PATIENCE, TimeUnit.SECONDS);
                start(connection);
                if (before.equals(call(connection, String.class, "CallerId"))) throw new Exception("the same connection id");
            });
        }
        System.out.println("done");
        System.exit(0);
    }

    static void check(String feature, String title, Check check) {
        String line;
        try {
            check.run();
            line = String.join("\t", "ok", feature, title);
        } catch (Throwable error) {
            line = String.join("\t", "failed", feature, title, Objects.toString(error.toString()).replaceAll("\\s+", " "));
        }
        System.out.println(line);
        for (HubConnection connection : connections) connection.stop().onErrorComplete().blockingAwait(2, TimeUnit.SECONDS);
        connections.clear();
    }

    static HubConnection build(String url, Consumer<HttpHubConnectionBuilder> more) {
        HttpHubConnectionBuilder builder = HubConnectionBuilder.create(url).withTransport(transport);
        more.accept(builder);
        HubConnection connection = builder.build();
        connections.add(connection);
        return connection;
    }

    static void start(HubConnection connection) throws Exception {
        if (!connection.start().blockingAwait(PATIENCE, TimeUnit.SECONDS)) throw new Exception("no start");
    }

    static HubConnection connect(String path, Consumer<HttpHubConnectionBuilder> more) throws Exception {
        HubConnection connection = build(server + path, more);
        start(connection);
        return connection;
    }

    static HubConnection connect(String path) throws Exception {
        return connect(path, builder -> { });
    }

    static <T> T wait(Single<T> result) {
        return result.timeout(PATIENCE, TimeUnit.SECONDS).blockingGet();
    }

    static <T> T call(HubConnection connection, Class<T> type, String method, Object... arguments) {
        return wait(connection.invoke(type, method, arguments));
    }

    static <T> List<T> stream(Observable<T> items) {
        return items.timeout(PATIENCE, TimeUnit.SECONDS).toList().blockingGet();
    }

    static <T> BlockingQueue<T> inbox(HubConnection connection, String method, Class<T> type) {
        BlockingQueue<T> messages = new LinkedBlockingQueue<>();
        connection.on(method, messages::add, type);
        return messages;
    }

    static <T> T next(BlockingQueue<T> messages) throws Exception {
        T message = messages.poll(PATIENCE, TimeUnit.SECONDS);
        if (message == null) throw new Exception("no message");
        return message;
    }

    static CompletableFuture<String> closed(HubConnection connection) {
        CompletableFuture<String> closed = new CompletableFuture<>();
        connection.onClosed(error -> closed.complete(error == null ? "no error" : error.getMessage()));
        return closed;
    }

    static List<Integer> upTo(int count) {
        return IntStream.range(0, count).boxed().collect(Collectors.toList());
    }

    static String get(String url) throws Exception {
        HttpResponse<String> answer = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) throw new Exception(url + " is answered with " + answer.statusCode());
        return answer.body();
    }

    static void equal(Object actual, Object expected) throws Exception {
        if (!Objects.equals(actual, expected)) throw new Exception(actual + " in place of " + expected);
    }

    static void contains(String text, String part) throws Exception {
        if (!text.contains(part)) throw new Exception(text + " without " + part);
    }

    // The message of the error with which something fails.
    static String failure(Check check) throws Exception {
        try {
            check.run();
        } catch (Throwable error) {
            Throwable cause = error.getClass() == RuntimeException.class && error.getCause() != null ? error.getCause() : error;
            return cause.getMessage();
        }
        throw new Exception("no failure");
    }
}
