#!/usr/bin/env bash
# Installs what frit needs, builds it, and lets SmolLM2-135M-Instruct answer a prompt.
#   ./scripts/quickstart.sh [PROMPT...]
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

prompt="${*:-What is a compiler? Answer in two sentences.}"

heading "Debian packages"
install_packages "${packages[@]}"

heading "The model: SmolLM2-135M-Instruct"
install_python
model=$(smollm2)
echo "$model"

heading "Building frit"
build_release frit

heading "Compiling the model and answering: $prompt"
build/release/bin/frit run "$model" -p "$prompt"
