package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

func milliseconds(since int64) time.Time { return time.UnixMilli(since) }

func isFenced(err error) bool {
	return errors.Is(err, kerr.InvalidProducerEpoch) || errors.Is(err, kerr.ProducerFenced)
}

// assigned is what a member of a group has now.
type assigned struct {
	lock       sync.Mutex
	partitions []int32
}

func (a *assigned) change(change func(now []int32) []int32) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.partitions = change(a.partitions)
	slices.Sort(a.partitions)
	words := fmt.Sprint(a.partitions)
	note("assigned", words[1:len(words)-1])
}

func note(words ...any) {
	fmt.Println(append([]any{time.Now().UnixMilli()}, words...)...)
}

// work is a member of a group, until it is killed.
func (b *bench) work(group, topic, protocol string) {
	var has assigned
	came := func(_ context.Context, _ *kgo.Client, more map[string][]int32) {
		has.change(func(now []int32) []int32 { return append(now, more[topic]...) })
	}
	went := func(_ context.Context, _ *kgo.Client, less map[string][]int32) {
		isGone := func(partition int32) bool { return slices.Contains(less[topic], partition) }
		has.change(func(now []int32) []int32 { return slices.DeleteFunc(now, isGone) })
	}
	options := []kgo.Opt{
		kgo.OnPartitionsAssigned(came), kgo.OnPartitionsRevoked(went), kgo.OnPartitionsLost(went),
		kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(time.Second), kgo.BlockRebalanceOnPoll(),
	}
	if protocol == "consumer" {
		options = append(options, kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()))
	}
	client := b.member(group, topic, options...)
	note("assigned")
	for {
		ctx, cancel := context.WithTimeout(b.ctx, 100*time.Millisecond)
		fetches := client.PollFetches(ctx)
		cancel()
		b.heard(client, fetches)
		client.AllowRebalance()
	}
}

func (b *bench) heard(client *kgo.Client, fetches kgo.Fetches) {
	ends := map[int32]int64{}
	fetches.EachPartition(func(part kgo.FetchTopicPartition) {
		if count := len(part.Records); count > 0 {
			ends[part.Partition] = part.Records[count-1].Offset + 1
			note("read", part.Partition, part.Records[0].Offset, ends[part.Partition])
		}
	})
	if len(ends) == 0 || client.CommitRecords(b.ctx, fetches.Records()...) != nil {
		// If the partition was taken away meanwhile, whoever has it reads these again.
		return
	}
	for partition, end := range ends {
		note("committed", partition, end)
	}
}
