#!/bin/bash
# Makes, once, what the containers share and nobody may commit: an access token, the file that names its
# digest, and the tenant key. Token: /run/lineward/token; it lapses after 90 days: remove the volume then.
set -euo pipefail
umask 0377
cd "${1:-/run/lineward}"
[ ! -e tokens.yaml ] || exit 0
token="lw_$(head -c 32 /dev/urandom | base64 -w 0 | tr '+/' '-_' | tr -d '=')"
digest=$(printf '%s' "$token" | sha256sum | cut -d ' ' -f 1)
expires=$(date -u -d '+89 days' '+%Y-%m-%dT%H:%M:%SZ')
printf '%s\n' "$token" > token
head -c 32 /dev/urandom > tenant-key
cat > tokens.yaml <<EOF
tokens:
  - name: compose
    sha256: "$digest"
    expires: "$expires"
    grants:
      - {role: operator}
      - {role: registrar}
      - {role: policy-author}
      - {role: privacy-officer}
EOF
echo "made /run/lineward/token, tokens.yaml, tenant-key"
