#!/usr/bin/env bash
# The life of the clock as a service: installs it as the README says, starts it, asks it, stops it.
# Runs inside of the sandbox, from the root of the repository; prints what it found as name=value lines.
#
#   life.sh BINARY
set -euo pipefail

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

get() {
  exec 3<>/dev/tcp/127.0.0.1/5000
  printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3
  tr -d '\r' <&3
}

install -m 755 "$1" /usr/local/bin/clock-app
install -D -m 644 -t /etc/campanile-clock config/appsettings.json
install -m 644 -t /etc/systemd/system config/campanile-clock.service
systemctl daemon-reload
echo "Clock__Interval=00:00:00.500" >/etc/campanile-clock/environment

echo "unit=$(systemd-analyze verify /etc/systemd/system/campanile-clock.service 2>&1 | tr '\n' ' ')"
systemctl start campanile-clock
echo "active=$(systemctl is-active campanile-clock)"
page=$(get /)
echo "answer=${page%%$'\n'*}"
page=$(get /healthz)
echo "health=${page%%$'\n'*}"
echo "user=$(stat -c %u "/proc/$(systemctl show -P MainPID campanile-clock)")"
echo "exposure=$(systemd-analyze security --no-pager campanile-clock | sed -n 's/.*exposure level[^:]*: \([0-9.]*\).*/\1/p')"
sleep 1.2

begun=$(milliseconds)
systemctl stop campanile-clock
echo "stop=$(($(milliseconds) - begun))"
echo "result=$(systemctl show -P Result campanile-clock)"
echo "status=$(systemctl show -P ExecMainStatus campanile-clock)"

# What is wrong with the settings is in the journal, and the unit fails.
echo '{ "Clock": { "Intervall": "00:00:01" } }' >/etc/campanile-clock/appsettings.json
if systemctl start campanile-clock 2>/dev/null; then
  echo "refused=no"
else
  echo "refused=yes"
fi
systemctl stop campanile-clock
journalctl --sync
journalctl --no-pager --unit campanile-clock --output json --output-fields PRIORITY,MESSAGE,SYSLOG_IDENTIFIER | sed 's/^/journal=/'
