#!/bin/sh
# A device flow without a browser, in four calls of curl. PANOPTES is where the emulator is; node reads the JSON.
set -eu
PANOPTES=${PANOPTES:-http://localhost:7070}
member() { node -e 'console.log(JSON.parse(require("node:fs").readFileSync(0, "utf8"))[process.argv[1]])' "$1"; }

# 1. The device asks for a code.
device=$(curl -sS "$PANOPTES/v7/oauth2/device/authorization" \
  -d client_id=sd-wan-manager -d scope=tests:manage)

# 2. The user approves it.
curl -sS "$PANOPTES/emulator/device-codes/$(echo "$device" | member user_code)/approve" \
  -H 'Content-Type: application/json' -d '{"user": "ops@acme.example"}'

# 3. The device gets its tokens.
tokens=$(curl -sS "$PANOPTES/v7/oauth2/token" \
  -d client_id=sd-wan-manager \
  -d grant_type=urn:ietf:params:oauth:grant-type:device_code \
  -d device_code="$(echo "$device" | member device_code)")

# 4. The device calls v7.
curl -sS "$PANOPTES/v7/tests" -H "Authorization: Bearer $(echo "$tokens" | member access_token)"
