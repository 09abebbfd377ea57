# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C interface, frit/Runtime/Runtime.h, through ctypes: calls leave the GIL to other threads."""

from __future__ import annotations

import ctypes
import functools
import os
import weakref
from collections.abc import Callable
from ctypes import POINTER, c_char, c_char_p, c_float, c_int, c_int32, c_int64, c_size_t, c_uint32, c_void_p
from pathlib import Path
from typing import Any

OK, BUFFER_TOO_SMALL = 0, 4
PARSE_SPECIAL, ADD_BOS, SKIP_SPECIAL = 1, 2, 4
LOGITS_LAST, LOGITS_ALL = 1, 2


class Error(Exception):
    """What frit could not do, and why: the message is frit's own, one line in lower case."""


class _Sized(ctypes.Structure):
    """A structure that begins with its size, so that the runtime knows which fields there are."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(size=ctypes.sizeof(self), **fields)


class ModelOptions(_Sized):
    _fields_ = [("size", c_size_t), ("huge_pages", c_int32)]


class ModelInfo(_Sized):
    _fields_ = [
        ("size", c_size_t),
        *((name, c_char_p) for name in "name architecture target frit_version llvm_version source_file".split()),
        *((name, c_int64) for name in "context_length vocabulary layers hidden".split()),
        *((name, c_int64) for name in "kv_bytes_per_token weights_bytes bundle_bytes".split()),
        ("has_tokenizer", c_int32),
        ("chat_template", c_char_p),
        *((name, c_int32) for name in "bos_id eos_id unknown_id pad_id".split()),
    ]


class SessionOptions(_Sized):
    _fields_ = [("size", c_size_t), ("context", c_int64), ("slots", c_int32), ("threads", c_int32)]


class SamplerOptions(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("repeat_penalty", c_float),
        ("repeat_last", c_int32),
        ("top_k", c_int32),
        ("top_p", c_float),
        ("min_p", c_float),
        ("temperature", c_float),
        ("seed", c_uint32),
    ]


class Token(ctypes.Structure):
    _fields_ = [(name, c_int32) for name in "id position slot wanted".split()]


class ChatMessage(ctypes.Structure):
    _fields_ = [("role", c_char_p), ("content", c_char_p)]


_TEXT_OUT = (POINTER(c_void_p), POINTER(c_size_t))
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "frit_model_open": (c_char_p, POINTER(ModelOptions), POINTER(c_void_p)),
    "frit_model_get_info": (c_void_p, POINTER(ModelInfo)),
    "frit_model_manifest": (c_void_p, POINTER(c_char_p)),
    "frit_encode": (c_void_p, c_char_p, c_size_t, c_int, c_void_p, c_size_t, POINTER(c_size_t)),
    "frit_decode": (c_void_p, c_void_p, c_size_t, c_int, c_void_p, c_size_t, POINTER(c_size_t)),
    "frit_decoder_create": (c_void_p, c_int, POINTER(c_void_p)),
    "frit_decoder_push": (c_void_p, c_int32, *_TEXT_OUT),
    "frit_decoder_finish": (c_void_p, *_TEXT_OUT),
    "frit_chat": (c_void_p, POINTER(ChatMessage), c_size_t, c_int, c_void_p, c_size_t, POINTER(c_size_t)),
    "frit_is_end": (c_void_p, c_int32, POINTER(c_int)),
    "frit_session_create": (c_void_p, POINTER(SessionOptions), POINTER(c_void_p)),
    "frit_eval": (c_void_p, c_int32, c_void_p, c_size_t, c_int),
    "frit_eval_batch": (c_void_p, POINTER(Token), c_size_t),
    "frit_logits": (c_void_p, c_int64, POINTER(c_void_p)),
    "frit_truncate": (c_void_p, c_int32, c_int32),
    "frit_sampler_create": (POINTER(SamplerOptions), POINTER(c_void_p)),
    "frit_sample": (c_void_p, c_void_p, c_int64, POINTER(c_int32)),
    "frit_sampler_accept": (c_void_p, c_void_p, c_size_t),
}
_WITHOUT_STATUS: dict[str, tuple[Any, ...]] = {
    "frit_last_error": (c_char_p,),
    "frit_version": (c_char_p,),
    "frit_model_close": (None, c_void_p),
    "frit_decoder_free": (None, c_void_p),
    "frit_session_free": (None, c_void_p),
    "frit_sampler_free": (None, c_void_p),
    "frit_cancel": (None, c_void_p),
}


def _find_library() -> Path:
    """In the package; in the source tree, in the build folder."""
    package = Path(__file__).resolve().parent
    build = Path(os.environ.get("FRIT_BUILD") or package.parent.parent / "build/release")
    places = [package / "libfrit-runtime.so", build / "lib" / "libfrit-runtime.so"]
    for place in places:
        if place.is_file():
            return place
    raise Error(f"expected the runtime {' or '.join(map(str, places))}, found neither: build frit, or set FRIT_BUILD")


@functools.cache
def library() -> ctypes.CDLL:
    """The runtime. Functions that return a status raise Error, except for BUFFER_TOO_SMALL."""
    path = _find_library()
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise Error(f"cannot load the runtime: {error}") from None

    def check(status: int, function: Any, arguments: Any) -> int:
        if status not in (OK, BUFFER_TOO_SMALL):
            raise Error(loaded.frit_last_error().decode(errors="replace"))
        return status

    for name, arguments in _FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes, function.errcheck = c_int, arguments, check
    for name, (result, *parameters) in _WITHOUT_STATUS.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, parameters
    return loaded


class Handle:
    """Owns what create(*arguments, &pointer) makes; ctypes takes it for the pointer."""

    def __init__(self, create: Callable[..., Any], free: Callable[..., Any], *arguments: Any) -> None:
        pointer = c_void_p()
        create(*arguments, ctypes.byref(pointer))
        self._as_parameter_ = pointer
        self.process = os.getpid()
        weakref.finalize(self, _free, free, pointer, self.process)


def _free(free: Callable[..., Any], pointer: c_void_p, process: int) -> None:
    if os.getpid() == process:  # after fork() the threads of a session are not in the child
        free(pointer)


def read_ids(guess: int, call: Callable[..., int]) -> list[int]:
    """The ids that call(buffer, capacity, &count) writes."""
    return list(_read(c_int32, guess, call))


def read_text(guess: int, call: Callable[..., int]) -> str:
    """The text that call(buffer, capacity, &bytes) writes."""
    return bytes(_read(c_char, guess, call)).decode()


def _read(kind: Any, guess: int, call: Callable[..., int]) -> Any:
    count = c_size_t()
    buffer = (kind * guess)()
    if call(buffer, guess, ctypes.byref(count)) == BUFFER_TOO_SMALL:
        buffer = (kind * count.value)()
        call(buffer, count.value, ctypes.byref(count))
    return buffer[: count.value]
