#!/usr/bin/env bash
# The life of the clock as a service: installs it as the README says, starts it, asks it, has it read its settings again,
# restarts it under a client, lets it get stuck, stops it.
# Runs inside of the sandbox, from the root of the repository; prints what it found as name=value lines.
#
#   life.sh BINARIES STUBBORN SILENT
#
# BINARIES is the directory with clock-app and clock-service. STUBBORN is the command line of a service of which a part starts
# when there is a file /run/go, and does not stop; SILENT is that of one of which a part gives no sign of life, unless there is a
# file /run/heard.
set -euo pipefail
# Who writes to a connection that is gone is told, and not killed.
trap '' PIPE
trap 'journalctl --no-pager --lines 60 >&2' ERR

# get PATH [HOST]: the answer, with its head. Fails where nobody listens; says nothing where nobody answers.
get() {
  exec 3<>/dev/tcp/127.0.0.1/5000 || return
  printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$1" "${2-localhost}" >&3 || true
  timeout 60 tr -d '\r' <&3 || true
}

first_line() {
  local page
  page=$(get "$@") || return
  echo "${page%%$'\n'*}"
}

# Waits until the command succeeds.
until_it() {
  for _ in {1..600}; do
    if "$@"; then return; fi
    sleep 0.1
  done
  echo "not within a minute: $*" >&2
  false
}

show() { systemctl show -P "$1" campanile-clock.service; }

# logged TEXT [UNIT]
logged() {
  journalctl --sync
  journalctl --quiet --unit "${2-campanile-clock}" --output cat | grep -F "$1" >/dev/null
}

# What systemd itself says of the clock goes to the journal as well.
systemctl log-target journal

install -m 755 "$1/clock-app" /usr/local/bin/clock-app
install -m 755 "$1/clock-service" /usr/local/bin/clock-service
install -D -m 644 -t /etc/campanile-clock config/appsettings.json
install -m 644 -t /etc/systemd/system config/campanile-clock.service config/campanile-clock.socket
systemctl daemon-reload
# Files are not watched here: what the reload reads is not read before.
cat >/etc/campanile-clock/environment <<END
Clock__Interval=00:00:00.500
DOTNET_hostBuilder__reloadConfigOnChange=false
END

echo "unit=$(systemd-analyze verify /etc/systemd/system/campanile-clock.{service,socket} 2>&1 | tr '\n' ' ')"
systemctl start campanile-clock
echo "active=$(systemctl is-active campanile-clock)"
echo "status_text=$(show StatusText)"
echo "answer=$(first_line /)"
echo "health=$(first_line /healthz)"
echo "user=$(stat -c %u "/proc/$(show MainPID)")"
exposure() { systemd-analyze security --no-pager "$1" | sed -n 's/.*exposure level[^:]*: \([0-9.]*\).*/\1/p'; }
echo "exposure=$(exposure campanile-clock)"

# A reload, by the same process: requests are logged from then on.
process=$(show MainPID)
sed -i 's/"Default": "Information"/&, "Microsoft.AspNetCore": "Information"/' /etc/campanile-clock/appsettings.json
first_line /healthz?before >/dev/null
systemctl reload campanile-clock
until_it logged "the configuration was read again"
request_is_logged() {
  first_line /healthz?after >/dev/null
  logged "/healthz?after"
}
until_it request_is_logged

# Settings that cannot be read change nothing but the log.
cp /etc/campanile-clock/appsettings.json /run/good
echo '{' >/etc/campanile-clock/appsettings.json
systemctl reload campanile-clock
until_it logged "not all of it can be"
echo "unharmed=$(first_line /)"
cp /run/good /etc/campanile-clock/appsettings.json
[ "$process" != "$(show MainPID)" ] || echo "reloaded=alive"

# The client of the clock is a service too: it is told the time, reads its settings again when it is asked to, and ends in peace.
install -D -m 644 /dev/stdin /etc/campanile-clock-client/appsettings.json <<<'{}'
install -m 644 -t /etc/systemd/system config/campanile-clock-client.service
systemctl daemon-reload
echo "client_unit=$(systemd-analyze verify /etc/systemd/system/campanile-clock-client.service 2>&1 | tr '\n' ' ')"
systemctl start campanile-clock-client
echo "client_exposure=$(exposure campanile-clock-client)"
until_it logged "the time is" campanile-clock-client
systemctl reload campanile-clock-client
until_it logged "the configuration was read again" campanile-clock-client
systemctl stop campanile-clock-client

# From systemd 253 on a reload can wait until all is read again, whether or not it can be: here, once for each that was asked for.
version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
if [ "$version" -ge 253 ]; then
  mkdir /etc/systemd/system/campanile-clock-client.service.d
  cat >/etc/systemd/system/campanile-clock-client.service.d/reload.conf <<END
[Service]
Type=notify-reload
ExecReload=
Environment=DOTNET_hostBuilder__reloadConfigOnChange=false
END
  systemctl daemon-reload
  systemctl start campanile-clock-client
  process=$(systemctl show -P MainPID campanile-clock-client)
  # reloads SETTINGS: what is in the journal when the command ends.
  reloads() {
    echo "$1" >/etc/campanile-clock-client/appsettings.json
    systemctl reload campanile-clock-client
    journalctl --sync
    journalctl --quiet --unit campanile-clock-client --output cat --lines 100 | grep -F "the configuration was read again" | tail -n 1 | sed 's/^/reloads=/'
  }
  reloads '{ "Logging": { "LogLevel": { "Quiet": "Warning" } } }'
  reloads '{'
  reloads '{}'
  [ "$process" != "$(systemctl show -P MainPID campanile-clock-client)" ] || echo "reloads=the same process"
  systemctl stop campanile-clock-client
  rm -r /etc/systemd/system/campanile-clock-client.service.d
  systemctl daemon-reload
else
  echo "no_reloads=notify-reload needs systemd 253, and this is $version"
fi
echo "client_result=$(systemctl show -P Result campanile-clock-client)"

# Restarts, under a client that never rests. The first brings a credential, and less patience with a stuck service.
install -m 600 /dev/stdin /etc/campanile-clock/hosts <<<"localhost"
mkdir /etc/systemd/system/campanile-clock.service.d
cat >/etc/systemd/system/campanile-clock.service.d/hurry.conf <<END
[Service]
LoadCredential=AllowedHosts:/etc/campanile-clock/hosts
WatchdogSec=4s
RestartSec=100ms
END
systemctl daemon-reload
answers=/run/answers
: >$answers
client() {
  local line
  until [ -e /run/enough ]; do
    line=$(first_line / 2>/dev/null) || line=refused
    echo "client=${line:-no answer}"
  done >$answers
}
more_answers_than() { [ "$(grep -c 200 $answers)" -gt "$1" ]; }
client &
until_it more_answers_than 0
for _ in 1 2 3; do
  systemctl restart campanile-clock
  until_it more_answers_than "$(grep -c 200 $answers)"
done
touch /run/enough
wait $!
cat $answers
echo "elsewhere=$(first_line / elsewhere.example)"

# Whoever connects starts it.
systemctl stop campanile-clock 2>/dev/null
echo "stopped=$(systemctl is-active campanile-clock || true)"
echo "woken=$(first_line /)"
# It answers before it has told that it is ready, and is not watched until then.
until_it systemctl --quiet is-active campanile-clock

# A process that does nothing any more is replaced, and the next one answers whoever came in the meantime.
process=$(show MainPID)
kill -STOP "$process"
# Its threads stop one by one: the last may still have taken a connection.
is_stopped() { ! grep -h ^State: "/proc/$process/task"/*/status | grep -v 'T (stopped)' >/dev/null; }
until_it is_stopped
echo "stuck=$(first_line /)"
echo "restarts=$(show NRestarts)"

systemctl stop campanile-clock.socket campanile-clock.service
echo "result=$(show Result)"
echo "status=$(show ExecMainStatus)"
if (get /) 2>/dev/null; then
  echo "closed=no"
else
  echo "closed=yes"
fi

# What is going on can be read, here while a part starts. A service that would never end by itself ends within its own limit,
# long before systemd's.
cat >/etc/systemd/system/stubborn.service <<END
[Service]
Type=notify
ExecStart=$2
Environment=DOTNET_shutdownTimeoutSeconds=1 Logging__LogLevel__Default=Debug
TimeoutStopSec=60s
END
systemctl daemon-reload
systemctl start --no-block stubborn
begins() { [[ $(systemctl show -P StatusText stubborn) == Starting* ]]; }
until_it begins
echo "starting=$(systemctl is-active stubborn || true) $(systemctl show -P StatusText stubborn)"
touch /run/go
until_it systemctl --quiet is-active stubborn
echo "started=$(systemctl show -P StatusText stubborn)"
systemctl stop stubborn
echo "stubborn=$(systemctl show -P Result stubborn)"

# A part that falls silent is the end of a process that does everything else; the next one is heard.
cat >/etc/systemd/system/silent.service <<END
[Service]
Type=notify
ExecStart=$3
WatchdogSec=4s
Restart=on-failure
RestartSec=100ms
END
systemctl daemon-reload
systemctl start silent
process=$(systemctl show -P MainPID silent)
until_it logged "no sign of life" silent
touch /run/heard
is_replaced() {
  [ "$(systemctl show -P MainPID silent)" != "$process" ] && systemctl --quiet is-active silent
}
until_it is_replaced
echo "silent_restarts=$(systemctl show -P NRestarts silent)"
until_it logged "is heard" silent
systemctl stop silent
echo "silent_result=$(systemctl show -P Result silent)"

# What is wrong with the settings is in the journal, and the unit fails.
rm -r /etc/systemd/system/campanile-clock.service.d
systemctl daemon-reload
systemctl reset-failed campanile-clock 2>/dev/null || true
echo '{ "Clock": { "Intervall": "00:00:01" } }' >/etc/campanile-clock/appsettings.json
if systemctl start campanile-clock 2>/dev/null; then
  echo "refused=no"
else
  echo "refused=yes"
fi
systemctl stop campanile-clock.socket campanile-clock.service
journalctl --sync
journalctl --no-pager --unit campanile-clock --unit campanile-clock-client --unit stubborn --unit silent --output json --output-fields PRIORITY,MESSAGE,SYSLOG_IDENTIFIER | sed 's/^/journal=/'
