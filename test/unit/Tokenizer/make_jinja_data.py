#!/usr/bin/env python3
# Part of frit, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the expected renderings of chat templates with `jinja2`, set up as transformers does.

Needs the PyPI package jinja2. Texts in the files are UTF-8 with \\xNN for control bytes, backslashes
and bytes that are no UTF-8.

  data/chat-families.txt    the templates in chat_templates/, written in the style of families of
                            models: template, tab, text; then for each conversation: message, tab,
                            role, tab, content; ...; render, tab, add_generation_prompt, tab, text (or
                            raise, tab, add_generation_prompt, tab, the words of raise_exception)
  data/jinja.txt            a template a line, tab, rendering; for each construct
  data/jinja-errors.txt     templates that jinja2 refuses, too
"""

from __future__ import annotations

import datetime
import json
import random
import re
import warnings
from pathlib import Path

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
NOW = datetime.datetime(2024, 7, 26, 12, 0, 0)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "tools": None, "documents": None}


class Raised(TemplateError):
    """By the template's own raise_exception()."""


class StrictEnvironment(ImmutableSandboxedEnvironment):
    """What is evaluated at compile time must not differ, and texts have no operator %."""

    intercepted_binops = frozenset(["%"])

    def call_binop(self, context, operator, left, right):
        if isinstance(left, str):
            raise TypeError("a text")
        return super().call_binop(context, operator, left, right)


class Generation(Extension):
    """As transformers has it: marks what the model wrote."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_keep"), [], [], body).set_lineno(line)

    def _keep(self, caller) -> str:
        return caller()


def raise_exception(message):
    raise Raised(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def make_environment(kind=ImmutableSandboxedEnvironment, **options) -> ImmutableSandboxedEnvironment:
    extensions = [Generation, "jinja2.ext.loopcontrols"]
    environment = kind(trim_blocks=True, lstrip_blocks=True, extensions=extensions, **options)
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = NOW.strftime
    return environment


def escape(text: str) -> str:
    return "".join(
        f"\\x{ord(c):02x}" if ord(c) < 32 or c in "\\\x7f" else c for c in text
    )


CONVERSATIONS: list[list[tuple[str, str]]] = [
    [("user", "Hello!")],
    [("system", " You are terse.\n"), ("user", "Why is the sky blue? ")],
    [("user", "Hi"), ("assistant", "Hello, how can I help?"), ("user", "Count:\n1\n2\n")],
    [("system", "Be kind."), ("user", "Hi"), ("assistant", "<think>\nhm\n</think>\n\n Yes "), ("user", "Über 你好 😀 {{ 1 }}")],
    [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "<think>\nd\n</think>\n\ne\n")],
    [("system", "/no_think"), ("user", "1"), ("assistant", "2"), ("user", "3"), ("assistant", "4")],
    [("user", "a"), ("user", "b")],
    [("user", "call"), ("assistant", "f()"), ("tool", '{"a": 1}'), ("tool", "2"), ("assistant", "done")],
    [("assistant", "I start."), ("system", "late system"), ("user", "ok")],
]

MESSAGES = [
    {"role": "system", "content": " Be kind.\n"},
    {"role": "user", "content": "Hi, who are you?"},
    {"role": "assistant", "content": "Ich weiß: <b>'s \"x\" \\ Ωμέγα 😀</b>"},
]

# Expressions, each printed.
EXPRESSIONS = r"""
'a' ~ 1 ~ 2.5 ~ none ~ true ~ x
'a' + "b" 'c'
'\n\t\x41\u00e9\U0001F600\101\'\"\\\q'
1 + 2 * 3 - 4
(1 + 2) * 3
7 // 2, -7 // 2, 7 % 3, -7 % 3, 7 % -3, 7 / 2, 4 / 2
2 ** 10, 2 ** -1, 2 ** 3 ** 2, -2 ** 2
7.5 // 2, -7.5 % 2, 1e3, 1.5e-7, 1e16, 123456789.125, 0.1 + 0.2, 1e15
1_000 + 2
'ab' * 3, 2 * 'x', [1] * 2, 'a' * 0, 'a' * -1
[1] + [2, 3]
(1, 2) + (3,)
[], {}, (), (1,), [1, [2, 'x']], {'a': 1, 'b': [none, true]}
["it's", 'say "hi"', '\'"', 'a\nb', 'ü']
1 == 1.0, 1 == true, 'a' == 'b', none == false, [1, 2] == [1, 2], {'a': 1} == {'a': 1}, (1,) == [1]
1 < 2 < 3, 1 < 3 < 2, 'a' < 'b', [1, 2] < [1, 3], 2 >= 2, 1 != 2, 3 > 4, 2 <= 1
'a' in 'abc', 'x' not in 'abc', 1 in [1, 2], 'role' in messages[0], 1 not in (1, 2)
not true, not '', not [], not 0, not none, not x, not 'a'
true and 'b', '' or 'c', 0 and 1, 1 or 2, not 1 == 2 and 3
'y' if true else 'n'
'y' if false
1 if false else 2 if false else 3
messages[0].role, messages[0]['role'], messages[-1].role, messages[5], messages[0].none
messages[0]['content'][1:4], 'abcdef'[::-1], 'abcdef'[1:5:2], 'abc'[-2:], 'abc'[:-1], 'abc'[10:], 'abc'[5:1:-1]
[1, 2, 3, 4][::-1], [1, 2, 3, 4][:2], [1, 2, 3, 4][-1:], [1, 2, 3, 4][3:0:-2], (1, 2, 3)[1:], [1,2,3][:]
'äöü'[1], 'äöü'[-1], '😀x'[0], 'abc'[9]
[1, 2, 3][0], [1, 2, 3][-1], [[1, 2], 3].0.1
x is defined, x is undefined, messages is defined, messages[9] is defined, messages[0].role is not defined
none is none, 1 is none, 'a' is string, 1 is string, {} is mapping, [] is mapping, [] is iterable, 'a' is iterable, 1 is iterable
[] is sequence, 'a' is sequence, {} is sequence, 1 is sequence, 1 is number, 1.5 is number, true is number, 'a' is number
true is boolean, 1 is boolean, true is true, false is false, 1 is true, 1 is integer, true is integer, 1.0 is float
1 is equalto 1, 1 is eq(2), 1 is in [1, 2], 'a' is in 'abc', 3 is odd, 4 is odd, 4 is even, 3 is not even, 1 is ne 2
1 is lt 2, 1 is ge 2, 1 is gt(0), 2 is le 2
range is callable, 'a' is callable
'  a b '.strip() ~ '|', '  a '.lstrip() ~ '|', ' a  '.rstrip() ~ '|', 'xxaxx'.strip('x'), 'abcba'.lstrip('ab'), 'abcba'.rstrip('ab')
'a,b,,c'.split(','), ' a  b '.split(), 'a,b,c'.split(',', 1), 'abc'.split('x'), ''.split(','), ''.split(), ' a b c '.split(none, 1)
'a,b,c'.rsplit(',', 1), ' a b c '.rsplit(none, 1), 'a b  c'.rsplit(), 'a--b--c'.split('--'), 'a,b'.split(sep=',', maxsplit=0)
'a\nb\r\nc\n'.splitlines(), 'a\n\nb'.splitlines()
'abc'.startswith('ab'), 'abc'.startswith('b'), 'abc'.endswith('bc'), 'abc'.startswith(('x', 'a')), 'abc'.endswith(('x', 'y')), ''.startswith('')
'abcabc'.replace('b', 'X'), 'abcabc'.replace('b', 'X', 1), 'abc'.replace('', '-'), 'aaa'.replace('aa', 'b')
'aBc'.upper(), 'aBc'.lower(), 'hello wORLD'.title(), "they're x2y".title(), 'hELLO w'.capitalize(), 'äöü ß'.upper(), 'ÄÖÜ'.lower(), 'éa'.title()
'-'.join(['a', 'b']), ''.join([]), 'abcabc'.find('c'), 'abc'.find('x'), 'äbc'.find('c'), 'abcabc'.count('b'), 'abc'.count('')
'prefix-x'.removeprefix('prefix-'), 'x.txt'.removesuffix('.txt'), 'abc'.removeprefix('x')
{'a': 1, 'b': 2}.items() | list, {'a': 1}.keys() | list, {'a': 1}.values() | list, {'a': 1}.get('a'), {'a': 1}.get('b'), {'a': 1}.get('b', 5)
{'items': 3}['items'], {'a': 1, 'a': 2}, {1: 'x', none: 'y'}[1]
'  a b '|trim ~ '|', 'xax'|trim('x'), 'abc'|length, [1,2]|count, {'a': 1}|length, x|length, 'äöü😀'|length
x|default('d'), ''|default('d'), ''|default('d', true), none|d('e'), none|default('e', boolean=true), x|default
'abc'|upper, 'ABC'|lower, 'hello wORLD'|capitalize, 'hello wORLD-x (y) it\'s'|title, 'abc'|replace('b', 'x'), 'aaa'|replace('a', 'b', 2)
[1, 'a', none]|join, [1, 2]|join(', '), messages|join('|', attribute='role'), 'abc'|join('-'), []|join('x')
[1, 2]|first, [1, 2]|last, 'abc'|first, 'abc'|last, []|first, []|last is defined, {'a': 1}|first
'abc'|list, {'a': 1}|list, (1, 2)|list, x|list
1|string + 'a', none|string, 1.0|string, [1]|string
'12'|int, '1.9'|int, 'x'|int, 'x'|int(5), 3.7|int, none|int, true|int, ' 7 '|int, '-3'|int, '+4'|int
'1.5'|float, 'x'|float, 2|float, '1e3'|float
-3|abs, 3.5|abs
{'a': 1}|items|list, x|items|list
messages|map(attribute='role')|list, messages|map('length')|list, ['a', 'b']|map('upper')|join, [{'a': {'b': 1}}]|map(attribute='a.b')|list, [{}]|map(attribute='a', default='z')|list, [[1, 2]]|map(attribute=1)|list
messages|selectattr('role', 'equalto', 'user')|list|length, messages|rejectattr('role', 'in', ['user', 'system'])|map(attribute='role')|list, messages|selectattr('role')|list|length, messages|selectattr('x', 'defined')|list
[1, 2, 3, 4]|select('odd')|list, [1, 2, 3]|reject('odd')|list, [0, 1, '']|select|list, [0, 1]|reject|list, ['a', 'b']|reject('equalto', 'a')|join(', '), [1, 5]|select('gt', 3)|list
'a\nb\n\nc'|indent, 'a\nb'|indent(2), 'a\n\nb'|indent(2, true, true), 'a\nb'|indent('> ', first=true), ''|indent
['b', 'a', 'B', 'a']|unique|list, [1, 2, 1]|unique|list, 'abc'|reverse, [1, 2, 3]|reverse|list
[3, 1, 2]|sort, ['b', 'A', 'a']|sort, ['b', 'A', 'a']|sort(case_sensitive=true), [3, 1]|sort(reverse=true), messages|sort(attribute='role')|map(attribute='role')|list
{'a': [1, 2.5, none, true, 'x"\n\\/ü<>&'], 'b': {}, 'c': []}|tojson
{'b': 1, 'a': [1, {}]}|tojson(indent=2), [1, [2]]|tojson(indent=4), []|tojson(indent=2), {'b': 1, 'a': 2}|tojson(sort_keys=true), {'a': 1}|tojson(separators=(',', ':')), 'ü😀'|tojson(ensure_ascii=true), {1: 2, none: 3}|tojson
'\x01\x1f\x7f\u2028'|tojson
messages|tojson
messages[2]|string
range(3)|list, range(1, 4)|list, range(5, 0, -2)|list, range(0)|list
dict(a=1, b='x'), dict({'a': 1}, b=2)
strftime_now('%d %b %Y'), strftime_now('%Y-%m-%d'), strftime_now('%B %-d, %A')
bos_token, eos_token, tools, unknown_token
-1|abs, -(messages|length), 1 - -1, +1
(messages|length - 1) - 1
messages | map(attribute='content') | map('trim') | join('/')
'a' is string and 'b' is string, not 'a' is string, 1 + 1 is number
'x' ~ ('a' if messages else 'b') ~ 'y'
"a" "b" ~ 'c'
[1, 2, 3,], {'a': 1,}, (1, 2,)
messages[0]["ro" ~ "le"], messages[1 - 1].role
x ~ 'a', x == y, x == none, x in [1]
''.join(messages | map(attribute='role'))
'{{' ~ '}}' ~ '%}'
'<a>'|safe
{'a': {'b': {'c': 'deep'}}}.a.b.c, {'a': {'b': 1}}['a']['b']
'a b'.split(' ')[-1].upper()[0]
'   \u3000a\u2003'.strip() ~ '|', 'a\u00a0b'.split()
1.0, 100.0, 1e100, 1e-5, 0.0001, 3.14159, -0.0, 5e-324
10 // 3.0, 10 % 3.5, 2.0 ** 3, 7 / 7
true + 1, true == 1, [true, 1.0] == [1, 1]
loop is defined
"it" in messages[0].content or "kind" in messages[0].content
add_generation_prompt and messages[-1].role != 'user'
""".strip().split("\n")

# Statements and white space.
STATEMENTS = [
    "a\n{% if true %}\n  b\n{% endif %}\nc\n",
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n\n",
    "a {% if true %} b {% endif %} c",
    "a {%- if true -%} b {%- endif -%} c",
    "a\n  {%+ if true +%}\n b {% endif %}",
    "a  {{- 'x' -}}  b {{ 'y' }}\nc",
    "a\n  {# comment #}\nb {#- c -#} d{# a\nb #}\ne",
    "  {% set x = 1 %}  \n {{ x }}",
    "{% raw %}{{ x }} {% if %}{% endraw %}\nb",
    "a {%- raw -%}  {{ x }}  {%- endraw -%}  b",
    "x\r\ny\rz\r\n",
    "{{ 'a' }}\n\n{{ 'b' }}\n",
    "{{+ 1 }}{{- 2 }}",
    "{ {x} {{ '{' }} } #} %} }}",
    "a\n\t {% if true %}\n\tb\n\t{% endif %}\n",
    "{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ loop.revindex0 }}{{ m.role }};{% endfor %}",
    "{% for m in messages %}{{ loop.previtem.role if loop.previtem is defined }}<{{ m.role }}>{{ loop.nextitem.role if loop.nextitem is defined }};{% endfor %}",
    "{% for m in messages if m.role != 'user' %}{{ loop.index }}/{{ loop.length }} {{ m.role }} {% else %}none{% endfor %}",
    "{% for m in [] %}x{% else %}empty{% endfor %}",
    "{% for m in messages if m.role == 'x' %}x{% else %}empty{% endfor %}",
    "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }} {% endfor %}",
    "{% for k, v in {'a': 1}|items %}{{ k }}={{ v }}{% endfor %}",
    "{% for k in {'a': 1, 'b': 2} %}{{ k }}{% endfor %}",
    "{% for c in 'äb😀' %}[{{ c }}]{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in [1, 2] %}{% for j in [1, 2] %}{% if j == 2 %}{% break %}{% endif %}{{ i }}{{ j }}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for i in [1, 2, 3] %}{{ loop.depth }}{% for j in [1] %}{{ loop.depth0 }}{% endfor %}{% endfor %}",
    "{% for i in 1, 2, 3 %}{{ i }}{% endfor %}",
    "{% for m in messages[::-1] %}{{ m.role }}{% endfor %}",
    "{% for i in none_given %}x{% else %}nothing{% endfor %}",
    "{% if false %}a{% elif 1 == 2 %}b{% elif true %}c{% else %}d{% endif %}",
    "{% if false %}a{% else %}d{% endif %}{% if not x %}e{% endif %}",
    "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = i + 10 %}{{ x }}{% endfor %}{{ x }}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% set ns = namespace(a=1, b='x') %}{% for i in [1, 2, 3] %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.c is defined }}{{ ns['a'] }}",
    "{% set ns = namespace({'a': 1}) %}{% set ns.z = [1] %}{{ ns.a }}{{ ns.z }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t = 1, 2 %}{{ t }}",
    "{% set x %}a{{ 1 + 1 }} b {% endset %}[{{ x }}]",
    "{% set x | trim | upper %}  a{{ 1 + 1 }} b {% endset %}[{{ x }}]",
    "{% set x %}{% set y = 1 %}{{ y }}{% endset %}{{ x }}{{ y is defined }}",
    "{% macro f(a, b=2, c='x') %}{{ a }}-{{ b }}-{{ c }};{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(1, c='z') }}{{ f() }}{{ f(b=5, a=4) }}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
    "{%- macro f(m) -%}\n  {%- for c in m.content[:2] %}{{ c }}{{ loop.index }}{% endfor -%}\n{%- endmacro -%}{% for m in messages %}{{ f(m) | upper }}{{ loop.index }}{% endfor %}",
    "{% set g = 1 %}{% macro f() %}{{ g }}{% set g = 5 %}{{ g }}{% endmacro %}{% set g = 2 %}{{ f() }}{{ g }}",
    "{% macro f(a, b=a) %}{{ b }}{% endmacro %}{{ f(3) }}",
    "{% macro f(x) %}[{{ x }}]{% endmacro %}{{ f('a') ~ f('b') | length }}{{ f(1) is string }}",
    "a{% generation %}b\n{% set x = 1 %}{% endgeneration %}\nc{{ x is defined }}",
    "{% for m in messages %}{% generation %}\n{{ m.role }}{% endgeneration %}\n{% endfor %}",
    "{% set messages = messages[1:] %}{{ messages | length }}{% for m in messages %}{{ m.role }}{% endfor %}",
    "{% set loop_messages = messages if messages[0].role != 'system' else messages[1:] %}{{ loop_messages | length }}",
    "{% if tools %}a{% endif %}{% if tools is defined and tools is not none %}b{% endif %}{% if tools is none %}c{% endif %}",
    "{% for m in messages %}{% if loop.first %}{% set s = m.content %}{% endif %}{{ s is defined }}{% endfor %}",
    "{% if messages[0]['role'] == 'system' -%}\n    {{ messages[0]['content'] | trim }}\n{%- else -%}\n    no\n{%- endif %}\n\nend",
    "{% set x = {'a': [1, {'b': 2}]} %}{{ x.a[1].b }}{{ x['a'][0] }}",
    "{{ messages[0].content\n   | trim\n   | upper }}",
    "{%- set ns = namespace(found=false) -%}{%- for m in messages -%}{%- if m.role == 'user' and not ns.found -%}{%- set ns.found = true -%}{{ loop.index }}{%- endif -%}{%- endfor -%}",
    "{% set loop = 3 %}{{ loop }}",
    "{% for x in [1, 2] %}{{ x }}{% endfor %}{{ x is defined }}",
    "",
    "\n",
    "\n\n",
]

# What jinja2 refuses, too, when it reads or runs it.
ERRORS = [
    "{{ x.y }}", "{{ x.y is defined }}", "{{ x + 1 }}", "{{ 1 + 'a' }}", "{{ 'a' + 1 }}", "{{ none + 'a' }}", "{{ messages.x.y }}",
    "{{ 1 / 0 }}", "{{ 1 // 0 }}", "{{ 1 % 0 }}", "{{ 1 < 'a' }}", "{{ none < 1 }}", "{% for i in 1 %}{% endfor %}",
    "{{ f() }}", "{{ 'a'() }}", "{{ 1 in 1 }}", "{{ 1 in 'a' }}", "{{ none | length }}", "{{ [1, 'a'] | sort }}",
    "{{ [].append(1) }}", "{{ {}.update({}) }}", "{{ 'a'.nothing() }}", "{{ x | nothing }}", "{{ 1 is nothing }}",
    "{% nothing %}", "{% if true %}", "{% for i in [1] %}", "{% endif %}", "{{ 1", "{{ 1 }", "{% if %}a{% endif %}",
    "{{ }}", "{{ ( }}", "{{ [1 }}", "{{ ) }}", "{{ 'a }}", "{# a", "{% set %}", "{% set 1 = 2 %}", "{% set x.y = 1 %}",
    "{% for in x %}{% endfor %}", "{% for true in x %}{% endfor %}", "{% macro %}{% endmacro %}", "{% break %}", "{{ a b }}", "{{ 1 $ 2 }}",
    "{{ '\\x4' }}", "{{ range(1000000) }}", "{{ range() }}", "{{ range(0, 1, 0) }}", "{{ messages[0].content.split('') }}",
    "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{% endmacro %}{{ f(b=2) }}", "{{ 'a' | trim(1, 2) }}",
    "{{ x | tojson }}", "{{ 'abc'[::0] }}", "{% set a, b = [1] %}", "{{ -'a' }}", "{{ 'a' | indent(b=1) }}", "{{ {[]: 1} }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ raise_exception('no') }}", "{{ [1]['a'].b }}", "{{ x[0] }}", "{{ x() }}",
]


def render(environment, source: str, messages, prompt: bool) -> str:
    return environment.from_string(source).render(messages=messages, add_generation_prompt=prompt, **TOKENS)


def write_families(environment) -> None:
    lines = []
    for path in sorted((HERE / "chat_templates").glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        lines.append(f"template\t{escape(source)}\n")
        for conversation in CONVERSATIONS:
            lines += [f"message\t{role}\t{escape(content)}\n" for role, content in conversation]
            messages = [{"role": role, "content": content} for role, content in conversation]
            for prompt in (False, True):
                try:
                    text = render(environment, source, messages, prompt)
                    lines.append(f"render\t{int(prompt)}\t{escape(text)}\n")
                except Raised as error:
                    lines.append(f"raise\t{int(prompt)}\t{escape(str(error))}\n")
            lines.append("end\n")
    (DATA / "chat-families.txt").write_text("".join(lines), encoding="utf-8")


def make_expression(rng: random.Random, depth: int) -> str:
    """A random expression, of which most have a value."""
    if depth == 0:
        return rng.choice(["1", "2.5", "'a'", "'B c'", "true", "none", "x", "messages", "[3, 1]", "(1, 2)", "{'k': 'v'}", "messages[1].content", "-7", "''"])
    def inner() -> str:
        return make_expression(rng, depth - 1)
    return rng.choice(
        [
            lambda: f"({inner()} {rng.choice(['+', '-', '*', '//', '%', '==', '!=', '<', '>=', 'and', 'or', '~', 'in', 'not in'])} {inner()})",
            lambda: f"{inner()} {rng.choice(['+', '*', '==', '<', 'and', 'or', '~', 'in'])} {inner()} {rng.choice(['-', '~', '!=', 'or'])} {inner()}",
            lambda: f"({inner()} if {inner()} else {inner()})",
            lambda: f"not {inner()}",
            lambda: f"-({inner()})",
            lambda: f"[{inner()}, {inner()}]",
            lambda: f"{{'a': {inner()}, 'b': {inner()}}}",
            lambda: f"({inner()})|{rng.choice(['length', 'first', 'last', 'list', 'string', 'upper', 'title', 'trim', 'tojson', 'default(1)', 'default(2, true)', 'int', 'join', 'abs', 'capitalize', 'tojson(indent=2)', 'safe'])}",
            lambda: f"({inner()}) is {rng.choice(['defined', 'none', 'string', 'mapping', 'iterable', 'sequence', 'number', 'boolean', 'true', 'false', 'odd', 'even', 'in [1, none]', 'equalto 1'])}",
            lambda: f"({inner()})[{rng.choice(['0', '-1', '1:', '::-1', ':2', '5'])}]",
            lambda: f"({inner()}).{rng.choice(['a', 'strip()', 'upper()', 'split()', 'get(1)', 'keys()|list', 'b'])}",
        ]
    )()


def write_constructs(environment) -> None:
    warnings.simplefilter("ignore")  # of Python, about the random expressions

    def line(source: str) -> str:
        return f"{escape(source)}\t{escape(render(environment, source, MESSAGES, True))}\n"

    sources = [f"{{{{ {expression} }}}}" for expression in EXPRESSIONS] + STATEMENTS
    lines = [line(source) for source in sources]
    strict = make_environment(StrictEnvironment, optimized=False)
    rng = random.Random(1)
    while len(lines) < len(sources) + 1500:
        expression = make_expression(rng, rng.randint(1, 3))
        source = f"{{{{ {expression} }}}}"
        late = f"{{% set late = ({expression}) %}}{{{{ late }}}}"  # nothing is evaluated at compile time
        try:
            text = line(source)
            if render(strict, late, MESSAGES, True) != render(environment, source, MESSAGES, True):
                continue
        except Exception:  # most have no value; those that do are compared
            continue
        # Objects whose text names an address or a Python type.
        if not re.search("<(bound|jinja2|built|generator|function)|dict_|Markup|range\\(|\\x1a", text):
            lines.append(text)
    (DATA / "jinja.txt").write_text("".join(lines), encoding="utf-8")

    for source in ERRORS:
        try:
            text = render(environment, source, MESSAGES, True)
        except Exception:
            continue
        raise SystemExit(f"expected an error of {source!r}, found {text!r}")
    (DATA / "jinja-errors.txt").write_text("".join(f"{escape(source)}\n" for source in ERRORS), encoding="utf-8")


def main() -> None:
    environment = make_environment()
    write_families(environment)
    write_constructs(environment)


if __name__ == "__main__":
    main()
