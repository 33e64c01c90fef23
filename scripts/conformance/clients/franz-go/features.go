package main

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

var features = map[string]func(*bench) string{
	"version":        version,
	"group":          func(*bench) string { return "" },
	"group-consumer": func(*bench) string { return "" },
	"resume":         (*bench).resume,
	"replay":         (*bench).replay,
	"idempotence":    (*bench).idempotence,
	"transactions":   (*bench).transactions,
	"read-committed": (*bench).readCommitted,
	"fencing":        (*bench).fencing,
	"topics":         (*bench).topics,
	"configs":        (*bench).configs,
	"groups":         (*bench).groups,
	"txn-admin":      (*bench).txnAdmin,
	"delete-records": (*bench).deleteRecords,
	"errors":         (*bench).errors,
}

func (b *bench) codec(name string) string {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	at := b.topic("", 1, nil)
	b.write(b.plain(kgo.ProducerBatchCompression(codecs[name])), at, values(1000))
	same(b.readAll(at, 1000), values(1000))
	return ""
}

func (b *bench) resume() string {
	at := b.topic("", 1, nil)
	b.write(b.plain(), at, values(100))
	first := b.member(at, at)
	records := b.takeRecords(first, 40)
	must(first.CommitRecords(b.ctx, records...))
	first.Close()
	second := b.member(at, at)
	same(b.take(second, 60), values(100)[40:])
	second.Close()
	offsets, err := b.admin().FetchOffsets(b.ctx, at)
	must(err)
	offset, _ := offsets.Lookup(at, 0)
	check(offset.At == 40, "%v", offset)
	other := b.member(at+"-other", at)
	same(b.take(other, 100), values(100))
	other.Close()
	return ""
}

func (b *bench) replay() string {
	at, start := b.topic("", 1, nil), int64(1_700_000_000_000)
	records := make([]*kgo.Record, 100)
	for number, value := range values(100) {
		records[number] = &kgo.Record{Topic: at, Value: []byte(value)}
		records[number].Timestamp = milliseconds(start + int64(number)*1000)
	}
	must(b.client().ProduceSync(b.ctx, records...).FirstErr())
	admin := b.admin()
	found, err := admin.ListOffsetsAfterMilli(b.ctx, start+70_000, at)
	must(err)
	place, _ := found.Lookup(at, 0)
	check(place.Offset == 70, "%v", place)
	for _, from := range []int64{place.Offset, 10, 0} {
		offset := kgo.NewOffset().At(from)
		reader := b.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{at: {0: offset}}))
		same(b.take(reader, int(100-from)), values(100)[from:])
		reader.Close()
	}
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: at, Partition: 0, At: 25, LeaderEpoch: -1})
	must(admin.CommitAllOffsets(b.ctx, at, offsets))
	member := b.member(at, at)
	same(b.take(member, 75), values(100)[25:])
	member.Close()
	return ""
}

func (b *bench) idempotence() string {
	at, client := b.topic("", 1, nil), b.client(kgo.ProducerLinger(0))
	for part := range slices.Chunk(values(1000), 20) {
		b.write(client, at, part)
	}
	same(b.readAll(at, 1000), values(1000))
	return ""
}

func (b *bench) transactions() string {
	source, sink, all := b.topic("-in", 2, nil), b.topic("-out", 2, nil), values(200)
	b.write(b.plain(kgo.RecordPartitioner(kgo.RoundRobinPartitioner())), source, all)
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(b.bootstrap), kgo.TransactionalID(b.prefix), committed, kgo.ConsumerGroup(b.prefix),
		kgo.ConsumeTopics(source), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.RequireStableFetchOffsets())
	must(err)
	rounds, aborted, done := 0, 0, 0
	for done < len(all) {
		fetches := session.PollRecords(b.ctx, 20)
		must(fetches.Err())
		rounds++
		must(session.Begin())
		for _, record := range fetches.Records() {
			session.Produce(b.ctx, &kgo.Record{Topic: sink, Value: record.Value}, nil)
		}
		// So that there is something to abort; it would forget what was not sent.
		must(session.Client().Flush(b.ctx))
		// An abort also goes back to what was committed.
		isKept := kgo.TransactionEndTry(rounds%3 != 0)
		wasKept, err := session.End(b.ctx, isKept)
		must(err)
		check(wasKept == bool(isKept), "transaction %d: %v", rounds, wasKept)
		if wasKept {
			done += fetches.NumRecords()
		} else {
			aborted++
		}
	}
	session.Close()
	found := b.readAll(sink, len(all), committed)
	slices.Sort(found)
	same(found, all)
	// A commit is answered before its markers are written.
	until(func() bool { return b.committed() == int64(len(all)) }, "not all is committed")
	check(len(b.readAll(sink, len(all)+1)) > len(all), "nothing of what was aborted is there")
	return fmt.Sprintf("%d transactions, %d aborted", rounds, aborted)
}

// committed is how far a group is, in all partitions together.
func (b *bench) committed() (sum int64) {
	offsets, err := b.admin().FetchOffsets(b.ctx, b.prefix)
	must(err)
	offsets.Each(func(offset kadm.OffsetResponse) { sum += offset.At })
	return sum
}

func (b *bench) readCommitted() string {
	at, writer := b.topic("", 1, nil), b.transactional(b.prefix)
	ends := []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit}
	for number, value := range []string{"a", "b", "c", "d"} {
		must(writer.BeginTransaction())
		b.write(writer, at, []string{value})
		if number < len(ends) {
			must(writer.EndTransaction(b.ctx, ends[number]))
		}
	}
	b.write(b.plain(), at, []string{"e"})
	same(b.readAll(at, 2, committed), []string{"a", "c"})
	same(b.readAll(at, 5), []string{"a", "b", "c", "d", "e"})
	must(writer.EndTransaction(b.ctx, kgo.TryCommit))
	same(b.readAll(at, 4, committed), []string{"a", "c", "d", "e"})
	return ""
}

func (b *bench) fencing() string {
	at, old, young := b.topic("", 1, nil), b.transactional(b.prefix), b.transactional(b.prefix)
	must(old.BeginTransaction())
	b.write(old, at, []string{"old"})
	must(young.BeginTransaction())
	b.write(young, at, []string{"new"})
	err := old.EndTransaction(b.ctx, kgo.TryCommit)
	check(isFenced(err), "%v instead of an error", err)
	must(young.EndTransaction(b.ctx, kgo.TryCommit))
	same(b.readAll(at, 1, committed), []string{"new"})
	return ""
}

func (b *bench) topics() string {
	at, admin := b.topic("", 2, nil), b.admin()
	_, err := admin.UpdatePartitions(b.ctx, 4, at)
	must(err)
	known, err := admin.ListTopics(b.ctx, at)
	must(err)
	check(len(known[at].Partitions) == 4, "%v", known[at])
	writer := b.plain(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	must(writer.ProduceSync(b.ctx, &kgo.Record{Topic: at, Partition: 3, Value: []byte("a")}).FirstErr())
	ends, err := admin.ListEndOffsets(b.ctx, at)
	must(err)
	end, _ := ends.Lookup(at, 3)
	check(end.Offset == 1, "%v", end)
	_, err = admin.DeleteTopic(b.ctx, at)
	must(err)
	known, err = admin.ListTopics(b.ctx)
	must(err)
	check(!known.Has(at), "it is still there")
	return ""
}

func (b *bench) configs() string {
	before, after := "100000", "200000"
	at, admin := b.topic("", 1, map[string]*string{"retention.ms": &before}), b.admin()
	retention := func() string {
		found, err := admin.DescribeTopicConfigs(b.ctx, at)
		must(err)
		config, err := found.On(at, nil)
		must(err)
		for _, entry := range config.Configs {
			if entry.Key == "retention.ms" {
				return entry.MaybeValue()
			}
		}
		return ""
	}
	alter := func(op kadm.IncrementalOp, value *string) {
		change := []kadm.AlterConfig{{Op: op, Name: "retention.ms", Value: value}}
		answers, err := admin.AlterTopicConfigs(b.ctx, change, at)
		must(err)
		must(answers[0].Err)
	}
	check(retention() == before, "%s", retention())
	alter(kadm.SetConfig, &after)
	check(retention() == after, "%s", retention())
	alter(kadm.DeleteConfig, nil)
	check(retention() == "604800000", "%s", retention())
	return ""
}

func (b *bench) groups() string {
	at, admin := b.topic("", 1, nil), b.admin()
	b.write(b.plain(), at, values(10))
	member := b.member(at, at)
	must(member.CommitRecords(b.ctx, b.takeRecords(member, 10)...))
	listed, err := admin.ListGroups(b.ctx)
	must(err)
	check(slices.Contains(listed.Groups(), at), "%v", listed.Groups())
	described, err := admin.DescribeGroups(b.ctx, at)
	must(err)
	check(described[at].State == "Stable" && len(described[at].Members) == 1, "%v", described[at])
	_, err = admin.DeleteGroup(b.ctx, at)
	refused(kerr.NonEmptyGroup, err)
	member.Close()
	_, err = admin.DeleteGroup(b.ctx, at)
	must(err)
	listed, err = admin.ListGroups(b.ctx)
	must(err)
	check(!slices.Contains(listed.Groups(), at), "%v", listed.Groups())
	return ""
}

func (b *bench) txnAdmin() string {
	at, admin, writer := b.topic("", 1, nil), b.admin(), b.transactional(b.prefix)
	must(writer.BeginTransaction())
	b.write(writer, at, []string{"a"})
	listed, err := admin.ListTransactions(b.ctx, nil, []string{"Ongoing"})
	must(err)
	check(listed[b.prefix].State == "Ongoing", "%v", listed)
	describe := func() kadm.DescribedTransaction {
		described, err := admin.DescribeTransactions(b.ctx, b.prefix)
		must(err)
		return described[b.prefix]
	}
	check(describe().Topics.Lookup(at, 0), "%v", describe())
	set := kadm.TopicsSet{}
	set.Add(at, 0)
	producers, err := admin.DescribeProducers(b.ctx, set)
	must(err)
	active := producers[at].Partitions[0].ActiveProducers.Sorted()
	check(len(active) == 1 && active[0].ProducerID == describe().ProducerID, "%v", active)
	check(active[0].CurrentTxnStartOffset == 0, "%v", active)
	must(writer.EndTransaction(b.ctx, kgo.TryCommit))
	// Its markers are written after the commit was answered.
	until(func() bool { return describe().State == "CompleteCommit" }, "not committed")
	return ""
}

func (b *bench) deleteRecords() string {
	at := b.topic("", 1, nil)
	b.write(b.plain(), at, values(100))
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: at, Partition: 0, At: 60})
	answers, err := b.admin().DeleteRecords(b.ctx, offsets)
	must(err)
	answer, _ := answers.Lookup(at, 0)
	check(answer.Err == nil && answer.LowWatermark == 60, "%v", answer)
	same(b.readAll(at, 40), values(100)[60:])
	return ""
}

func (b *bench) errors() string {
	small := "10000"
	at, admin := b.topic("", 1, map[string]*string{"max.message.bytes": &small}), b.admin()
	create := func(name string, replicas int16) error {
		_, err := admin.CreateTopic(b.ctx, 1, replicas, nil, name)
		return err
	}
	refused(kerr.TopicAlreadyExists, create(at, 1))
	refused(kerr.InvalidTopicException, create("a/b", 1))
	refused(kerr.InvalidReplicationFactor, create(at+"-3", 3))
	_, err := admin.DeleteTopic(b.ctx, at+"-unknown")
	refused(kerr.UnknownTopicOrPartition, err)
	big := &kgo.Record{Topic: at, Value: make([]byte, 20_000)}
	writer := b.client(kgo.ProducerBatchCompression(kgo.NoCompression()))
	refused(kerr.MessageTooLarge, writer.ProduceSync(b.ctx, big).FirstErr())
	far := map[string]map[int32]kgo.Offset{at: {0: kgo.NoResetOffset().At(1000)}}
	reader := b.client(kgo.ConsumePartitions(far), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	refused(kerr.OffsetOutOfRange, reader.PollFetches(b.ctx).Err())
	_, err = admin.DeleteGroup(b.ctx, at+"-unknown")
	refused(kerr.GroupIDNotFound, err)
	b.write(writer, at, []string{"a"})
	member := b.member(at, at)
	b.take(member, 1)
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: at, Partition: 0, At: 1, LeaderEpoch: -1})
	refused(kerr.UnknownMemberID, admin.CommitAllOffsets(b.ctx, at, offsets))
	member.Close()
	return "8 kinds"
}
