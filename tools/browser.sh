#!/bin/sh
# Chromium and a Chinese font for the browser tests: through apt where we may, else the one command to run.
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -n "$chromium" ] && fc-list :lang=zh 2>/dev/null | grep -q .; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing chromium and fonts-noto-cjk for the browser tests …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig >/dev/null && exit 0
fi
echo "The browser tests need Chromium and a Chinese font. Run:"
echo "  sudo apt-get install -y chromium fonts-noto-cjk fontconfig"
exit 1
