// The connections that the checks are made with, and how they are judged.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/go-kit/log"
	"github.com/philippseith/signalr"
)

const patience = 20 * time.Second

var protocol, transport, server, wire, control string

// What the server calls.
type receiver struct {
	signalr.Receiver
	notes chan int
	gone  chan string
}

func (r *receiver) Note(value int) { r.notes <- value }

func (r *receiver) Gone(id string, _ any) { r.gone <- id }

func (r *receiver) Double(value int) int { return 2 * value }

type peer struct {
	signalr.Client
	*receiver
}

func check(feature, title string, run func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	if err := run(ctx); err != nil {
		reason := strings.Join(strings.Fields(err.Error()), " ")
		fmt.Printf("failed\t%s\t%s\t%s\n", feature, title, reason)
		return
	}
	fmt.Printf("ok\t%s\t%s\n", feature, title)
}

func connect(ctx context.Context, url string) (peer, error) {
	return connectWith(ctx, url, nil, 1)
}

func connectWith(ctx context.Context, url string, headers http.Header, version int) (peer, error) {
	if headers == nil {
		headers = http.Header{}
	}
	heard := &receiver{notes: make(chan int, 1000), gone: make(chan string, 1000)}
	format := signalr.TransferFormatText
	if protocol == "messagepack" {
		format = signalr.TransferFormatBinary
	}
	client, err := signalr.NewClient(ctx,
		signalr.WithConnector(func() (signalr.Connection, error) {
			return signalr.NewHTTPConnection(ctx, url,
				signalr.WithTransports(signalr.TransportType(transport)),
				signalr.WithHTTPHeaders(func() http.Header { return headers }),
				signalr.WithNegotiateVersion(version))
		}),
		signalr.WithBackoff(func() backoff.BackOff { return backoff.NewConstantBackOff(100 * time.Millisecond) }),
		signalr.TransferFormat(format),
		signalr.WithReceiver(heard),
		signalr.Logger(log.NewNopLogger(), false))
	if err != nil {
		return peer{}, err
	}
	client.Start()
	return peer{client, heard}, await(client.WaitForState(ctx, signalr.ClientConnected))
}

func heard(p peer, expected int) error {
	select {
	case note := <-p.notes:
		return equal(note, nil)(expected)
	case <-time.After(patience):
		return errors.New("no note")
	}
}

func call(p peer, method string, arguments ...any) (any, error) {
	return result(p.Invoke(method, arguments...))
}

// The client sends an empty result beside each real one, in any order, and closes the channel after the last.
func result(answer <-chan signalr.InvokeResult) (any, error) {
	late := time.After(patience)
	for {
		select {
		case it, open := <-answer:
			if !open || it.Value != nil || it.Error != nil {
				return it.Value, it.Error
			}
		case <-late:
			return nil, errors.New("no answer")
		}
	}
}

func await(errs <-chan error) error {
	select {
	case err := <-errs:
		return err
	case <-time.After(patience):
		return errors.New("nothing happens")
	}
}

func done(_ any, err error) error { return err }

// Numbers are compared as such: JSON has one kind of them, MessagePack many.
func equal(actual any, err error) func(expected any) error {
	return func(expected any) error {
		if err != nil {
			return err
		}
		if isNumber(actual) && isNumber(expected) {
			actual, expected = fmt.Sprint(number(actual)), fmt.Sprint(number(expected))
		}
		if !reflect.DeepEqual(actual, expected) && fmt.Sprintf("%v", actual) != fmt.Sprintf("%v", expected) {
			return fmt.Errorf("%v in place of %v", actual, expected)
		}
		return nil
	}
}

func isNumber(value any) bool {
	return value != nil && reflect.TypeOf(value).ConvertibleTo(reflect.TypeFor[float64]())
}

func number(value any) float64 {
	return reflect.ValueOf(value).Convert(reflect.TypeFor[float64]()).Float()
}

func fails(value any, err error) func(text string) error {
	return func(text string) error {
		if err == nil {
			return fmt.Errorf("%v in place of a failure", value)
		}
		if err.Error() != text {
			return fmt.Errorf("'%w' in place of '%s'", err, text)
		}
		return nil
	}
}

// The first error, where there is one.
func first(err error, steps ...func() error) error {
	for _, step := range steps {
		if err != nil {
			return err
		}
		err = step()
	}
	return err
}

// Tells the wire.
func command(it string) error {
	wire, err := net.Dial("tcp", control)
	if err != nil {
		return err
	}
	defer wire.Close()
	if _, err := fmt.Fprintln(wire, it); err != nil {
		return err
	}
	_, err = bufio.NewReader(wire).ReadString('\n')
	return err
}
