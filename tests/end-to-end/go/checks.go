// What github.com/philippseith/signalr, as a client, can do with the server.
//
//	checks PROTOCOL TRANSPORT SERVER WIRE CONTROL
//
// What is printed is described at `prove`, in `src/checks.rs`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/philippseith/signalr"
)

func main() {
	protocol, transport, server, wire, control = os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]

	check("connection", "start over the transport and stop", func(ctx context.Context) error {
		p, err := connect(ctx, server+"/hubs/conformance")
		if err != nil {
			return err
		}
		if err := equal(call(p, "TransportName"))(transport); err != nil {
			return err
		}
		p.Stop()
		return await(p.WaitForState(ctx, signalr.ClientClosed))
	})
	check("connection", "headers and query parameters reach the hub", func(ctx context.Context) error {
		p, err := connectWith(ctx, server+"/hubs/conformance?color=blue", http.Header{"X-Color": {"green"}}, 1)
		return first(err,
			func() error { return equal(call(p, "Query", "color"))("blue") },
			func() error { return equal(call(p, "Header", "x-color"))("green") })
	})
	check("connection", "negotiate in version 0 and in version 1", func(ctx context.Context) error {
		for _, version := range []int{0, 1} {
			p, err := connectWith(ctx, server+"/hubs/conformance", nil, version)
			if err != nil {
				return err
			}
			if err := equal(call(p, "Add", 1, 2))(3); err != nil {
				return err
			}
		}
		return nil
	})
	check("invoke", "values of every kind come back as they were", func(ctx context.Context) error {
		p, err := connect(ctx, server+"/hubs/conformance")
		text := "naïve 日本語 🦀 \x00\x1e\u2028 <b>&amp;'\"\\/ \r\n\t"
		return first(err,
			func() error { return equal(call(p, "EchoString", text))(text) },
			func() error { return equal(call(p, "EchoInt", -2147483648))(-2147483648) },
			func() error { return equal(call(p, "Echo", -0.125))(-0.125) },
			func() error { return equal(call(p, "Echo", true))(true) },
			func() error { return equal(call(p, "Nothing"))(nil) },
			func() error {
				value := map[string]any{"a": []any{"1", map[string]any{"æ": nil}}}
				return equal(call(p, "Echo", value))(value)
			})
	})
	check("invoke", "200 calls at once are answered each with its own result", func(ctx context.Context) error {
		p, err := connect(ctx, server+"/hubs/conformance")
		if err != nil {
			return err
		}
		var answers []<-chan signalr.InvokeResult
		for i := range 200 {
			answers = append(answers, p.Invoke("Add", i, 1000))
		}
		for i, answer := range answers {
			if err := equal(result(answer))(i + 1000); err != nil {
				return err
			}
		}
		return nil
	})
	check("large messages", "a message just below the limit comes back whole", func(ctx context.Context) error {
		p, err := connect(ctx, server+"/hubs/conformance")
		text := strings.Repeat("æ", 16_000)
		return first(err, func() error { return equal(call(p, "EchoString", text))(text) })
	})
	check("errors", "errors of hub methods are hidden, hub errors are told", func(ctx context.Context) error {
		p, err := connect(ctx, server+"/hubs/conformance")
		return first(err,
			func() error {
				return fails(call(p, "Fail", "secret"))("An unexpected error occurred invoking 'Fail' on the server.")
			},
			func() error {
				return fails(call(p, "FailHub", "told"))("An unexpected error occurred invoking 'FailHub' on the server. HubException: told")
			},
			func() error {
				return fails(call(p, "Missing"))("Failed to invoke 'Missing' due to an error on the server. HubException: Method does not exist.")
			},
			func() error { return equal(call(p, "Add", 1, 2))(3) })
	})
	check("sends", "a send without an answer, and the receiver hears what is sent", func(ctx context.Context) error {
		p, err := connect(ctx, server+"/hubs/conformance")
		if err != nil {
			return err
		}
		for i := range 100 {
			if err := await(p.Send("SendToCaller", "Note", i)); err != nil {
				return err
			}
			if err := heard(p, i); err != nil {
				return err
			}
		}
		return nil
	})
	check("groups", "join, send to the group, leave", func(ctx context.Context) error {
		one, err := connect(ctx, server+"/hubs/conformance")
		if err != nil {
			return err
		}
		two, err := connect(ctx, server+"/hubs/conformance")
		if err != nil {
			return err
		}
		id, err := call(two, "CallerId")
		group := fmt.Sprint("go ", id)
		return first(err,
			func() error { return done(call(one, "Join", group)) },
			func() error { return done(call(two, "Join", group)) },
			func() error { return done(call(one, "SendToOthersInGroup", group, "Note", 1)) },
			func() error { return heard(two, 1) },
			func() error { return done(call(two, "Leave", group)) },
			func() error { return done(call(one, "SendToGroup", group, "Note", 2)) },
			func() error { return heard(one, 2) },
			func() error { return done(call(one, "SendToClient", id, "Note", 3)) },
			func() error { return heard(two, 3) })
	})
	check("streaming", "all items of a stream, in order", func(ctx context.Context) error {
		p, err := connect(ctx, server+"/hubs/conformance")
		if err != nil {
			return err
		}
		i := 0
		for item := range p.PullStream("Counter", 300, 0) {
			if err := equal(item.Value, item.Error)(i); err != nil {
				return err
			}
			i++
		}
		return equal(i, nil)(300)
	})
	check("streaming", "a stream that fails ends with the error", func(ctx context.Context) error {
		p, err := connect(ctx, server+"/hubs/conformance")
		if err != nil {
			return err
		}
		items := p.PullStream("FailingHubStream", 2, "told")
		for {
			// The error may overtake items in the client.
			if value, err := result(items); err != nil || value == nil {
				return fails(value, err)("An error occurred on the server while streaming results. HubException: told")
			}
		}
	})
	check("uploads", "an upload is joined, beside an argument", func(ctx context.Context) error {
		p, err := connect(ctx, server+"/hubs/conformance")
		if err != nil {
			return err
		}
		upload := make(chan string)
		joined := p.PushStreams("ConcatWithPrefix", "> ", upload)
		for _, part := range []string{"a", "æ", "🦀"} {
			upload <- part
		}
		close(upload)
		return equal(result(joined))("> aæ🦀")
	})
	check("client results", "the caller answers", func(ctx context.Context) error {
		p, err := connect(ctx, server+"/hubs/conformance")
		return first(err, func() error { return equal(call(p, "AskCaller", 21))(42) })
	})
	check("users", "a token makes a user", func(ctx context.Context) error {
		answer, err := http.Get(server + "/token?user=gopher")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		token, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			return errors.Join(err, fmt.Errorf("no token: %s", answer.Status))
		}
		p, err := connectWith(ctx, server+"/hubs/authorized", http.Header{"Authorization": {"Bearer " + string(token)}}, 1)
		return first(err, func() error { return equal(call(p, "UserId"))("gopher") })
	})
	check("reconnect", "a cut wire: another connection, the same receiver", func(ctx context.Context) error {
		watcher, err := connect(ctx, server+"/hubs/conformance")
		if err != nil {
			return err
		}
		p, err := connect(ctx, wire+"/hubs/conformance")
		if err != nil {
			return err
		}
		before, err := call(p, "CallerId")
		if err != nil {
			return err
		}
		if err := done(call(watcher, "Join", "watchers")); err != nil {
			return err
		}
		if err := command("cut"); err != nil {
			return err
		}
		// Others may go, too, where the server is not this check's alone.
		for gone := ""; gone != before; {
			select {
			case gone = <-watcher.gone:
			case <-time.After(patience):
				return errors.New("the watcher has not heard of it")
			}
		}
		after, err := call(p, "CallerId")
		for ; err != nil && ctx.Err() == nil; after, err = call(p, "CallerId") {
			// Not connected again yet.
			time.Sleep(20 * time.Millisecond)
		}
		if err != nil {
			return err
		}
		if before == after {
			return errors.New("the same connection id")
		}
		return first(done(call(p, "SendToCaller", "Note", 1)), func() error { return heard(p, 1) })
	})
	fmt.Println("done")
}
