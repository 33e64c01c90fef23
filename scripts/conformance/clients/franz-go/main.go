// franz-go. See ../kit.py for how it is called.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const limit = 60 * time.Second

// bench is what every check uses.
type bench struct {
	ctx       context.Context
	bootstrap string
	prefix    string
}

// failure is what a check ends with when something is not as it should be.
type failure struct{ err error }

func must(err error) {
	if err != nil {
		panic(failure{err})
	}
}

func check(isSo bool, format string, args ...any) {
	if !isSo {
		panic(failure{fmt.Errorf(format, args...)})
	}
}

func same(found, expected []string) {
	check(slices.Equal(found, expected), "%d values, %d expected: %.100q, %.100q", len(found), len(expected), found, expected)
}

func refused(expected, err error) {
	check(errors.Is(err, expected), "%v instead of %v", err, expected)
}

func until(isSo func() bool, what string) {
	for end := time.Now().Add(limit / 2); !isSo(); time.Sleep(50 * time.Millisecond) {
		check(time.Now().Before(end), "%s", what)
	}
}

func values(count int) []string {
	values := make([]string, count)
	for number := range values {
		values[number] = fmt.Sprintf("%05d a value that shrinks when it is compressed, compressed, compressed", number)
	}
	return values
}

func (b *bench) client(options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(b.bootstrap)}, options...)...)
	must(err)
	return client
}

func (b *bench) admin() *kadm.Client { return kadm.NewClient(b.client()) }

func (b *bench) topic(suffix string, partitions int32, config map[string]*string) string {
	name := b.prefix + suffix
	_, err := b.admin().CreateTopic(b.ctx, partitions, 1, config, name)
	must(err)
	return name
}

// write waits for every answer, one batch for all values.
func (b *bench) write(client *kgo.Client, topic string, values []string) {
	records := make([]*kgo.Record, len(values))
	for number, value := range values {
		records[number] = &kgo.Record{Topic: topic, Value: []byte(value)}
	}
	must(client.ProduceSync(b.ctx, records...).FirstErr())
}

// plain writes without being idempotent.
func (b *bench) plain(options ...kgo.Opt) *kgo.Client {
	return b.client(append(options, kgo.DisableIdempotentWrite())...)
}

func (b *bench) transactional(id string) *kgo.Client { return b.client(kgo.TransactionalID(id)) }

// readAll reads all of a topic that this client may see now: up to `count` values, and nothing may come after them.
func (b *bench) readAll(topic string, count int, options ...kgo.Opt) []string {
	client := b.client(append(options, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	defer client.Close()
	found := b.take(client, count)
	ctx, cancel := context.WithTimeout(b.ctx, 300*time.Millisecond)
	defer cancel()
	client.PollFetches(ctx).EachRecord(func(record *kgo.Record) { found = append(found, string(record.Value)) })
	return found
}

var committed = kgo.FetchIsolationLevel(kgo.ReadCommitted())

func (b *bench) take(client *kgo.Client, count int) []string {
	var found []string
	for _, record := range b.takeRecords(client, count) {
		found = append(found, string(record.Value))
	}
	return found
}

func (b *bench) takeRecords(client *kgo.Client, count int) []*kgo.Record {
	var found []*kgo.Record
	ctx, cancel := context.WithTimeout(b.ctx, limit/2)
	defer cancel()
	for len(found) < count {
		fetches := client.PollRecords(ctx, count-len(found))
		check(ctx.Err() == nil, "%d of %d came", len(found), count)
		must(fetches.Err())
		found = append(found, fetches.Records()...)
	}
	return found
}

func (b *bench) member(group, topic string, options ...kgo.Opt) *kgo.Client {
	return b.client(append(options, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
}

// run turns a check into its result.
func (b *bench) run(feature string) (result, detail string) {
	defer func() {
		if told := recover(); told != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", told, debug.Stack())
			result, detail = "fail", fmt.Sprint(told)
			if known, ok := told.(failure); ok {
				detail = known.err.Error()
			}
		}
	}()
	if codec, ok := strings.CutPrefix(feature, "codec-"); ok {
		return "pass", b.codec(codec)
	}
	run, ok := features[feature]
	check(ok, "no such feature: %s", feature)
	return "pass", run(b)
}

func version(*bench) string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/twmb/franz-go" {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}

func main() {
	bootstrap := flag.String("bootstrap", "", "host:port of the broker")
	prefix := flag.String("prefix", "x", "of the names of topics and groups")
	topic := flag.String("topic", "", "of a member")
	group := flag.String("group", "", "of a member")
	protocol := flag.String("protocol", "classic", "of a member: classic or consumer")
	flag.Parse()
	b := &bench{context.Background(), *bootstrap, *prefix}
	if flag.Arg(0) == "member" {
		b.work(*group, *topic, *protocol)
		return
	}
	result, detail := b.run(flag.Arg(0))
	must(json.NewEncoder(os.Stdout).Encode(map[string]string{"result": result, "detail": detail}))
}
