# What the suites here share: brokers on free ports of the loopback, in folders that go when the suite ends. To be sourced.
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
# Ends what the suite has started and still runs, and nothing else.
cleanup() {
  for process in $(jobs -pr); do kill -9 "$process" && wait "$process" || true; done 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT

skip() { echo "skipped: $1: $2"; [ -z "${KLAMM_SKIP_NOTHING:-}" ] || exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
die() { echo "$1" >&2; exit 1; }
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

have python3 || { skip "${0#./}" "python3 is not installed"; exit 0; }

# Kafka's jars, where there is a JDK to run them and Maven to fetch them; the suite ends with a word where there isn't.
want_kafka() {
  if ! have javac || ! have mvn; then
    skip "$1" "a JDK and Maven are needed"
    exit 0
  fi
  eval "$(tests/interop/fetch-kafka)"
}
# A short JVM: what a tool needs, and no time spent on optimising it.
jvm() { java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$KLAMM_KAFKA_JARS/*${classes:+:$classes}" "$@"; }
kafka_tool() { jvm "$@" 2>>"$work/java"; }

[ -n "${KLAMM_BINARY:-}" ] || cargo build --quiet --release --package klamm
export KLAMM_BINARY=${KLAMM_BINARY:-${CARGO_TARGET_DIR:-target}/release/klamm}
klamm=$KLAMM_BINARY

# start_klamm [OPTION...]: a fresh broker; its address is $klamm_at, its data are in $work/klamm/data.
start_klamm() {
  klamm_at=127.0.0.1:$(port)
  mkdir -p "$work/klamm"
  "$klamm" server --data-dir "$work/klamm/data" --kafka-address "$klamm_at" --http-address none --grpc-address none "$@" \
    > "$work/klamm/log" 2>&1 &
  klamm_process=$!
  for _ in $(seq 200); do "$klamm" cluster info -b "$klamm_at" >/dev/null 2>&1 && return; sleep 0.1; done
  cat "$work/klamm/log"
  die "klamm does not answer"
}

# start_kafka: the same of Apache Kafka, one node that is broker and controller; $kafka_at, $work/kafka/data.
start_kafka() {
  kafka_at=127.0.0.1:$(port)
  local controller=127.0.0.1:$(port) home=$work/kafka
  mkdir -p "$home"
  cat > "$home/properties" <<END
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://$kafka_at,CONTROLLER://$controller
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=$controller
log.dirs=$home/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
END
  jvm kafka.tools.StorageTool format -t "$(jvm kafka.tools.StorageTool random-uuid 2>/dev/null)" -c "$home/properties" --standalone \
    --feature eligible.leader.replicas.version=0 > "$home/log" 2>&1 || { cat "$home/log"; die "Kafka's data directory can't be formatted"; }
  java -Xms512m -Xmx512m -XX:+UseSerialGC -cp "$KLAMM_KAFKA_JARS/*" kafka.Kafka "$home/properties" >> "$home/log" 2>&1 &
  kafka_process=$!
  for _ in $(seq 600); do "$klamm" cluster info -b "$kafka_at" >/dev/null 2>&1 && return; sleep 0.1; done
  tail "$home/log"
  die "Kafka does not answer"
}

# stop PROCESS: as an operator stops it; waits until it is gone.
stop() { kill -TERM "$1"; wait "$1" || true; }
