// Verifies the token and produces each event to Kafka with acks=all before it answers.
//
// The producer is not idempotent, as Ackline's is not; its settings are otherwise the library's own, but for the time that a
// record waits for others where BENCH_LINGER says one.
package main

import (
	"crypto/subtle"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const maxBodyBytes = 1 << 20

var answer = []byte(`{"ok":true}`)

func main() {
	token := []byte(os.Getenv("BENCH_TOKEN"))
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(os.Getenv("BENCH_BROKERS"), ",")...),
		kgo.DefaultProduceTopic(os.Getenv("BENCH_TOPIC")),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.DisableIdempotentWrite(),
	}
	if linger, err := time.ParseDuration(os.Getenv("BENCH_LINGER")); err == nil {
		options = append(options, kgo.ProducerLinger(linger))
	}
	producer, err := kgo.NewClient(options...)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /webhook/telegram", func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Telegram-Bot-Api-Secret-Token")), token) != 1 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if err := producer.ProduceSync(r.Context(), &kgo.Record{Value: body}).FirstErr(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("BENCH_PORT"), nil))
}
