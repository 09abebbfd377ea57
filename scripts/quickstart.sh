#!/usr/bin/env bash
# Installs what frit needs, builds it, and lets SmolLM2-135M-Instruct answer a prompt.
#   ./scripts/quickstart.sh [PROMPT...]
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

prompt="${*:-What is a compiler? Answer in two sentences.}"

scripts/install.sh

heading "Building frit"
build release frit

heading "The model"
model=$(smollm2)
echo "$model"

heading "frit run MODEL -p \"$prompt\""
build/release/bin/frit run "$model" -p "$prompt"
finish
