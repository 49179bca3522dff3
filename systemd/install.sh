#!/bin/sh
# Installs a built gatewarden on this box, or into a staging folder for a package or a test.
#
#   cargo build --release && sudo systemd/install.sh
#   systemd/install.sh --root DIR [--bin FILE]
#
# May be run again at any time: it replaces the program and the units and never touches the
# configuration, the secrets or the state. It neither enables nor starts the service.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=
bin=$here/../target/release/gatewarden

usage() {
    echo "usage: install.sh [--root DIR] [--bin FILE]" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
        --root) [ $# -ge 2 ] || usage; root=$2; shift 2 ;;
        --bin) [ $# -ge 2 ] || usage; bin=$2; shift 2 ;;
        *) usage ;;
    esac
done

if [ ! -x "$bin" ]; then
    echo "install.sh: $bin is not there: build it with cargo build --release, or name it with --bin" >&2
    exit 1
fi
if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then
    echo "install.sh: run it as root, or stage it with --root DIR" >&2
    exit 1
fi

# put MODE SOURCE TARGET: whole or not at all, so that a running program is never half replaced.
put() {
    target=$root$3
    mkdir -p "$(dirname -- "$target")"
    install -m "$1" "$2" "$target.new"
    mv -f "$target.new" "$target"
}

put 0755 "$bin" /usr/bin/gatewarden
put 0644 "$here/gatewarden.service" /usr/lib/systemd/system/gatewarden.service
put 0644 "$here/gatewarden.sysusers" /usr/lib/sysusers.d/gatewarden.conf
put 0644 "$here/gatewarden.tmpfiles" /usr/lib/tmpfiles.d/gatewarden.conf
put 0644 "$here/gatewarden.modules-load" /usr/lib/modules-load.d/gatewarden.conf
put 0644 "$here/60-gatewarden.rules" /usr/lib/udev/rules.d/60-gatewarden.rules
put 0644 "$here/credentials.conf.example" /usr/share/doc/gatewarden/credentials.conf.example
for example in "$here"/../config/examples/*.toml; do
    put 0644 "$example" "/usr/share/doc/gatewarden/examples/$(basename -- "$example")"
done
put 0644 "$here/../config/roles/default.toml" /usr/share/doc/gatewarden/roles.toml
put 0644 "$here/../LICENSE" /usr/share/doc/gatewarden/LICENSE

if [ -n "$root" ]; then
    echo "staged in $root"
    exit 0
fi

# With systemd on the box: make the account and the folders, and let the devices be theirs.
systemd-sysusers /usr/lib/sysusers.d/gatewarden.conf
systemd-tmpfiles --create /usr/lib/tmpfiles.d/gatewarden.conf
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl restart systemd-modules-load.service || true
    udevadm control --reload || true
    udevadm trigger --subsystem-match=tty --subsystem-match=hidraw || true
fi

cat <<'END'
gatewarden is installed. Next:
  1. write /etc/gatewarden/gateway.toml (examples in /usr/share/doc/gatewarden/examples)
  2. put its secrets in place (/usr/share/doc/gatewarden/credentials.conf.example)
  3. systemctl enable --now gatewarden
  4. journalctl -u gatewarden shows the one-time enrolment code, good for 15 minutes
END
