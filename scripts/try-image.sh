#!/usr/bin/env bash
# Runs the image's file system as the image would: nothing in it but the binary
# and the certificates, as user 65532, with the SQLite database in /data.
#
#   make try-image      (as root: chroot needs it)
set -euo pipefail

if [ "$(id -u)" -ne 0 ]; then
    echo "try-image: needs root, for chroot." >&2
    exit 1
fi
root=$(mktemp -d) log=$(mktemp)
cp -a "${1:?usage: $0 FILE-SYSTEM}/." "$root"
chmod 755 "$root"
chown 65532:65532 "$root/data"
server=
finish() {
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
    rm -rf "$root" "$log"
}
trap finish EXIT

failed() {
    echo "try-image: $1:" >&2
    cat "$log" >&2
    exit 1
}

port=${TRY_IMAGE_PORT:-18080}
inside=(env -i "FAKTURGATE_ADDR=127.0.0.1:$port" FAKTURGATE_DATABASE_URL=sqlite:/data/fakturgate.db
    "$(command -v chroot)" --userspec=65532:65532 "$root" /fakturgate)

"${inside[@]}" version
if "${inside[@]}" health 2>/dev/null; then
    echo "try-image: health is content although nothing serves yet." >&2
    exit 1
fi

"${inside[@]}" serve >"$log" 2>&1 &
server=$!
for _ in $(seq 100); do
    "${inside[@]}" health >/dev/null 2>&1 && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
"${inside[@]}" health || failed "the gateway does not serve"
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /healthz HTTP/1.0\r\n\r\n' >&3
read -r status <&3
[[ $status == *" 200 "* ]] || failed "/healthz answers $status"
echo "serves as user $(stat -c %u "/proc/$server"), database owned by $(stat -c %u "$root/data/fakturgate.db")"

kill -TERM "$server"
wait "$server" || failed "the gateway did not stop cleanly"
server=
echo "try-image: ok"
