// franz-go against a broker: every codec, keys, headers, idempotence, offsets by time, topics and settings.
//
// usage: interop HOST:PORT
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const records = 300

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func check(err error, doing string) {
	if err != nil {
		log.Fatalf("franz-go: %s: %v", doing, err)
	}
}

func must(holds bool, what string, got any) {
	if !holds {
		log.Fatalf("franz-go: %s: got %v", what, got)
	}
}

func record(topic string, n int) *kgo.Record {
	r := &kgo.Record{
		Topic: topic, Partition: int32(n % 3), Value: bytes.Repeat(fmt.Appendf(nil, "value %d ", n), n%70+1),
		Timestamp: time.UnixMilli(1_700_000_000_000 + int64(n)*1000),
		Headers:   []kgo.RecordHeader{{Key: "n", Value: fmt.Append(nil, n)}, {Key: "n", Value: nil}},
	}
	if n%3 != 0 {
		r.Key = fmt.Appendf(nil, "k%d", n)
	}
	return r
}

func produce(ctx context.Context, bootstrap, topic string, codec kgo.CompressionCodec) {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(codec), kgo.ProducerLinger(10*time.Millisecond))
	check(err, "client")
	defer client.Close()
	var all []*kgo.Record
	for n := range records {
		all = append(all, record(topic, n))
	}
	check(client.ProduceSync(ctx, all...).FirstErr(), "produce")
}

func consume(ctx context.Context, bootstrap, topic string) {
	start := map[int32]kgo.Offset{}
	for p := range int32(3) {
		start[p] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: start}))
	check(err, "client")
	defer client.Close()
	seen := 0
	for seen < records {
		fetches := client.PollFetches(ctx)
		check(fetches.Err(), "fetch")
		fetches.EachRecord(func(r *kgo.Record) {
			n := int(r.Offset)*3 + int(r.Partition)
			want := record(topic, n)
			must(bytes.Equal(r.Value, want.Value) && bytes.Equal(r.Key, want.Key), fmt.Sprint("record ", n), r)
			must(r.Timestamp.Equal(want.Timestamp), fmt.Sprint("timestamp of ", n), r.Timestamp)
			must(len(r.Headers) == 2 && bytes.Equal(r.Headers[0].Value, want.Headers[0].Value), "headers", r.Headers)
			seen++
		})
	}
}

// Two members read a topic together; one goes, and the other reads on from where it was.
func group(ctx context.Context, bootstrap, topic string) {
	name := fmt.Sprintf("go-%d", time.Now().UnixNano())
	member := func() *kgo.Client {
		client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.ConsumerGroup(name), kgo.ConsumeTopics(topic),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.HeartbeatInterval(300*time.Millisecond))
		check(err, "member")
		return client
	}
	seen := map[string]bool{}
	read := func(client *kgo.Client, enough func() bool) {
		for !enough() {
			short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
			fetches := client.PollFetches(short)
			cancel()
			must(ctx.Err() == nil, "records of a group in time", len(seen))
			fetches.EachRecord(func(r *kgo.Record) { seen[fmt.Sprint(r.Partition, "/", r.Offset)] = true })
		}
	}
	first := member()
	read(first, func() bool { return len(seen) == records })
	check(first.CommitUncommittedOffsets(ctx), "commit")
	second := member()
	admin := kadm.NewClient(second)
	both := func() bool {
		described, err := admin.DescribeGroups(ctx, name)
		check(err, "describe the group")
		shares := 0
		for _, m := range described[name].Members {
			if assigned, ok := m.Assigned.AsConsumer(); ok && len(assigned.Topics) > 0 {
				shares++
			}
		}
		return described[name].State == "Stable" && shares == 2
	}
	for !both() {
		read(first, func() func() bool { n := 0; return func() bool { n++; return n > 2 } }())
		read(second, func() func() bool { n := 0; return func() bool { n++; return n > 2 } }())
	}
	first.Close()
	lag, err := admin.Lag(ctx, name)
	check(err, "lag")
	must(lag[name].Lag.Total() == 0, "lag", lag[name].Lag.Total())
	second.Close()
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	check(err, "client")
	admin = kadm.NewClient(client)
	defer admin.Close()
	_, err = admin.DeleteGroups(ctx, name)
	check(err, "delete the group")
}

func administer(ctx context.Context, bootstrap string, topics []string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	check(err, "client")
	admin := kadm.NewClient(client)
	defer admin.Close()
	topic := topics[0]
	_, err = admin.CreateTopic(ctx, 3, 1, nil, topic)
	must(errors.Is(err, kerr.TopicAlreadyExists), "a topic that exists", err)
	ends, err := admin.ListEndOffsets(ctx, topics...)
	check(err, "end offsets")
	end, _ := ends.Lookup(topic, 0)
	must(end.Offset == records/3, "end offset", end)
	after, err := admin.ListOffsetsAfterMilli(ctx, 1_700_000_000_000+41_500, topic)
	check(err, "offsets by time")
	found, _ := after.Lookup(topic, 0)
	must(found.Offset == 14, "offset by time", found)
	_, err = admin.CreatePartitions(ctx, 2, topic)
	check(err, "more partitions")
	value := "86400000"
	_, err = admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &value}}, topic)
	check(err, "alter settings")
	configs, err := admin.DescribeTopicConfigs(ctx, topic)
	check(err, "describe settings")
	got := ""
	for _, c := range configs[0].Configs {
		if c.Key == "retention.ms" {
			got = c.MaybeValue()
		}
	}
	must(got == value, "retention.ms", got)
	described, err := admin.ListTopics(ctx, topic)
	check(err, "list topics")
	must(len(described[topic].Partitions) == 5, "partitions", described[topic].Partitions)
	_, err = admin.DeleteTopics(ctx, topics...)
	check(err, "delete topics")
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	bootstrap := os.Args[1]
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	check(err, "client")
	admin := kadm.NewClient(client)
	var topics []string
	for name, codec := range codecs {
		topic := fmt.Sprintf("go-%s-%d", name, time.Now().UnixNano())
		_, err := admin.CreateTopic(ctx, 3, 1, nil, topic)
		check(err, "create a topic")
		produce(ctx, bootstrap, topic, codec)
		consume(ctx, bootstrap, topic)
		topics = append(topics, topic)
		fmt.Printf("franz-go: %s: ok\n", name)
	}
	admin.Close()
	group(ctx, bootstrap, topics[0])
	fmt.Println("franz-go: groups: ok")
	administer(ctx, bootstrap, topics)
	fmt.Println("franz-go: administration: ok")
}
