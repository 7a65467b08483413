#!/usr/bin/env bash
# A real OpenSearch cluster on this machine, for tests and trials, made of what Maven Central has.
#
#   tools/opensearch.sh start [N]   start N nodes (default 1) and wait until all shards are there
#   tools/opensearch.sh run [N]     the same, in the foreground: Ctrl-C stops them, and their data stays
#   tools/opensearch.sh stop        stop every node
#   tools/opensearch.sh kill I      kill node I (0 is the first) as a power cut would
#   tools/opensearch.sh up I        start node I again
#   tools/opensearch.sh wipe        stop every node and remove its data, configuration and logs
#   tools/opensearch.sh install     only download what start would download
#
# The nodes have no TLS and no accounts, so they listen on 127.0.0.1 only. Node I answers on OPENSEARCH_PORT + I. Needs java
# (17 or newer), mvn and curl; the first start downloads 100 MB. The server refuses to run as root: then the nodes run as the
# user OPENSEARCH_UID, which needs no entry anywhere. What cannot be done is a line on standard error and exit code 2.
#
# These may be set: OPENSEARCH_HOME (the program, shared by all clusters), OPENSEARCH_RUN (the folder of one cluster's nodes),
# OPENSEARCH_PORT, OPENSEARCH_TRANSPORT_PORT, OPENSEARCH_HEAP, OPENSEARCH_DISK (on: a node refuses writes on a full disk),
# OPENSEARCH_JAVA_OPTIONS, OPENSEARCH_UID, JAVA, MVN.
set -euo pipefail

VERSION=2.19.6
HOME_DIR=${OPENSEARCH_HOME:-${TMPDIR:-/tmp}/opensearch-$VERSION}
RUN=${OPENSEARCH_RUN:-${TMPDIR:-/tmp}/opensearch-nodes}
PORT=${OPENSEARCH_PORT:-9200}
TRANSPORT_PORT=${OPENSEARCH_TRANSPORT_PORT:-$((PORT + 100))}
HEAP=${OPENSEARCH_HEAP:-512m}
DISK=${OPENSEARCH_DISK:-off}
JAVA_OPTIONS=${OPENSEARCH_JAVA_OPTIONS:-}
RUN_AS=${OPENSEARCH_UID:-9200}
JAVA=${JAVA:-java}
MVN=${MVN:-mvn}
PATIENCE=180

# The parts of the server that are modules: folder, Maven artifact, class, the module that it extends.
MODULES="
transport-netty4 transport-netty4-client org.opensearch.transport.Netty4Plugin -
lang-painless lang-painless org.opensearch.painless.PainlessPlugin -
analysis-common analysis-common org.opensearch.analysis.common.CommonAnalysisPlugin lang-painless
"

fail() {
    echo "error: $1" >&2
    exit 2
}

need() { # program, package of Debian
    command -v "$1" >/dev/null || fail "there is no program $1 here: install Debian's package $2"
}

as_root() { [ "$(id -u)" = 0 ]; }

dependency() { # group, artifact, version
    echo "<dependency><groupId>$1</groupId><artifactId>$2</artifactId><version>$3</version></dependency>"
}

project() { # folder, name, content
    mkdir -p "$1"
    echo "<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>$2</artifactId><version>1</version>\
<packaging>pom</packaging>$3</project>" >"$1/pom.xml"
}

library() { basename "$1" | sed -E 's/-[0-9][0-9A-Za-z.+-]*\.jar$//'; }

install() {
    need "$JAVA" default-jre-headless
    need "$MVN" maven
    mkdir -p "$HOME_DIR"
    exec 9>"$HOME_DIR/install.lock"
    flock 9 # another run may be installing
    [ ! -e "$HOME_DIR/complete" ] || { exec 9>&-; return 0; }
    echo "Downloading OpenSearch $VERSION to $HOME_DIR" >&2
    local build=$HOME_DIR/build projects="<module>server</module>" name artifact class extends
    rm -rf "$build" "$HOME_DIR"/{lib,modules,plugins,bin}
    mkdir -p "$HOME_DIR"/{lib,modules,plugins,bin}
    project "$build/server" server "<dependencies>$(dependency org.opensearch opensearch "$VERSION")\
$(dependency org.opensearch opensearch-plugin-classloader "$VERSION")\
$(dependency org.apache.logging.log4j log4j-core 2.25.4)\
$(dependency org.locationtech.spatial4j spatial4j 0.7)\
$(dependency org.locationtech.jts jts-core 1.15.0)</dependencies>"
    while read -r name artifact class extends; do
        [ -n "$name" ] || continue
        project "$build/$name" "$name" \
            "<dependencies>$(dependency org.opensearch.plugin "$artifact" "$VERSION")</dependencies>"
        projects="$projects<module>$name</module>"
    done <<<"$MODULES"
    project "$build" all "<modules>$projects</modules>"
    (cd "$build" && "$MVN" -q -B dependency:copy-dependencies -DincludeScope=runtime >&2) ||
        fail "Maven could not download OpenSearch (see above): check the network, then try again"
    cp "$build"/server/target/dependency/*.jar "$HOME_DIR/lib/"
    local served jar folder
    served=$(for jar in "$HOME_DIR"/lib/*.jar; do library "$jar"; done)
    while read -r name artifact class extends; do
        [ -n "$name" ] || continue
        folder=$HOME_DIR/modules/$name
        mkdir -p "$folder"
        for jar in "$build/$name"/target/dependency/*.jar; do # the server refuses a class that it finds twice
            grep -qxF "$(library "$jar")" <<<"$served" || cp "$jar" "$folder/"
        done
        {
            echo "name=$name"
            echo "description=$name"
            echo "version=$VERSION"
            echo "opensearch.version=$VERSION"
            echo "java.version=1.8"
            echo "classname=$class"
            echo "has.native.controller=false"
            [ "$extends" = - ] || echo "extended.plugins=$extends"
        } >"$folder/plugin-descriptor.properties"
        # The server runs under Java's security manager. A cluster for tests needs no finer grant.
        [ "$name" = analysis-common ] ||
            echo 'grant { permission java.security.AllPermission; };' >"$folder/plugin-security.policy"
    done <<<"$MODULES"
    rm -rf "$build"
    chmod -R a+rX "$HOME_DIR"
    touch "$HOME_DIR/complete"
    exec 9>&-
}

configure() { # node, number of nodes
    local folder=$RUN/$1 node seeds="" names=""
    mkdir -p "$folder"/{config,data,logs,tmp}
    for ((node = 0; node < $2; node++)); do
        seeds+="\"127.0.0.1:$((TRANSPORT_PORT + node))\","
        names+="\"node-$node\","
    done
    cat >"$folder/config/opensearch.yml" <<END
cluster.name: search-$PORT
node.name: node-$1
network.host: 127.0.0.1
http.port: $((PORT + $1))
transport.port: $((TRANSPORT_PORT + $1))
path.data: $folder/data
path.logs: $folder/logs
discovery.seed_hosts: [${seeds%,}]
cluster.initial_cluster_manager_nodes: [${names%,}]
cluster.routing.allocation.disk.threshold_enabled: $([ "$DISK" = on ] && echo true || echo false)
action.auto_create_index: false
END
    cat >"$folder/config/log4j2.properties" <<'END'
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] [%node_name] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
END
    ! as_root || chown -R "$RUN_AS:$RUN_AS" "$folder"
}

alive() { # node
    [ -s "$RUN/$1/pid" ] && kill -0 "$(cat "$RUN/$1/pid")" 2>/dev/null
}

up() { # node
    local folder=$RUN/$1 other_user=()
    [ -d "$folder" ] || fail "there is no node $1 in $RUN: run 'tools/opensearch.sh start' first"
    ! alive "$1" || fail "node $1 runs already"
    if as_root; then
        need setpriv util-linux
        other_user=(setpriv --reuid "$RUN_AS" --regid "$RUN_AS" --clear-groups --inh-caps=-all --)
    fi
    (
        cd "$folder"
        # shellcheck disable=SC2086 # options, parted by blanks
        exec setsid "${other_user[@]}" "$JAVA" $JAVA_OPTIONS -Xms"$HEAP" -Xmx"$HEAP" -XX:MaxDirectMemorySize=256m \
            -Djava.security.manager=allow -Djava.io.tmpdir="$folder/tmp" -Djna.tmpdir="$folder/tmp" \
            -Dfile.encoding=UTF-8 -Dio.netty.noUnsafe=true -Dio.netty.noKeySetOptimization=true \
            -Dio.netty.recycler.maxCapacityPerThread=0 -Dio.netty.allocator.numDirectArenas=0 \
            -Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true -Djava.locale.providers=SPI,CLDR \
            -Dopensearch.path.home="$HOME_DIR" -Dopensearch.path.conf="$folder/config" \
            -Dopensearch.distribution.type=tar -cp "$HOME_DIR/lib/*" org.opensearch.bootstrap.OpenSearch \
            </dev/null >"$folder/logs/out" 2>&1
    ) &
    echo $! >"$folder/pid"
}

wait_for() { # number of nodes
    need curl curl
    local url="http://127.0.0.1:$PORT/_cluster/health?wait_for_nodes=$1&wait_for_status=green&timeout=1s" node until
    until=$((SECONDS + PATIENCE))
    while ((SECONDS < until)); do
        for ((node = 0; node < $1; node++)); do
            alive "$node" || { tail -20 "$RUN/$node/logs/out" >&2; return 1; }
        done
        ! curl -sf -m 5 "$url" 2>/dev/null | grep -q '"timed_out":false' || return 0
        sleep 0.2
    done
    return 1
}

stop() {
    local folder pid
    for folder in "$RUN"/*/; do
        ! alive "$(basename "$folder")" || kill -TERM "$(cat "$folder/pid")"
    done
    for folder in "$RUN"/*/; do
        for _ in $(seq 100); do
            alive "$(basename "$folder")" || break
            sleep 0.1
        done
        ! alive "$(basename "$folder")" || kill -KILL "$(cat "$folder/pid")"
        rm -f "$folder/pid"
    done
}

prepare() { # number of nodes
    [[ $1 =~ ^[1-9]$ ]] || fail "$1 is no number of nodes: from 1 to 9"
    install
    local node
    for ((node = 0; node < 9; node++)); do
        ! alive "$node" || fail "node $node in $RUN runs already: run 'tools/opensearch.sh stop' first"
    done
}

start() { # number of nodes
    local node
    for ((node = 0; node < $1; node++)); do
        configure "$node" "$1"
        up "$node"
    done
    wait_for "$1" || { stop; fail "the cluster did not start (see above, and $RUN/*/logs/out)"; }
    echo "http://127.0.0.1:$PORT"
}

run() { # number of nodes
    trap 'echo "Stopping the nodes" >&2; stop' EXIT
    trap 'exit 0' INT TERM HUP
    start "$1"
    echo "$1 nodes run, the last one on port $((PORT + $1 - 1)) (Ctrl-C stops them)" >&2
    wait
}

case ${1:-} in
    install) install ;;
    start)
        prepare "${2:-1}"
        start "${2:-1}"
        ;;
    run)
        prepare "${2:-1}"
        run "${2:-1}"
        ;;
    stop) stop ;;
    up) up "${2:?node}" ;;
    kill)
        alive "${2:?node}" || fail "node $2 does not run"
        kill -KILL "$(cat "$RUN/$2/pid")"
        rm -f "$RUN/$2/pid" # a number that another process may get is never signalled
        ;;
    wipe)
        stop
        rm -rf "$RUN"
        ;;
    *)
        sed -n '4,10s/^# *//p' "$0" >&2
        exit 2
        ;;
esac
