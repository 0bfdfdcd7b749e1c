package expr

import "regexp"

// ownWords are texts that say more, or less, than Python's.
var ownWords = regexp.MustCompile(`argument\(s\)|f-string|argument \d must be str|first arg must be|update sequence|power is a complex|not in list|Unknown format code|unsupported format string|Cannot specify|must be str or None|not mapping|'in <string>'`)

// events are what every expression is evaluated over.
var events = []string{
	`5`, `-7`, `0`, `3.75`, `true`, `null`, `"Hello, wörld 12"`, `""`, `[]`,
	`[1, 2, 3, 4]`, `[3, 1.5, -2.0, 7]`, `[[1, 2], [3, 4.0]]`, `[0.5, 0.25]`, `["b", "a", "c"]`, `[1, "a", null, [2]]`,
	`{}`, `{"x": 7, "y": {"z": [10, 20, 30.5]}, "s": "abc", "inputs": [[1, 2.5, 3], [4, 5, 6]], "n": null, "b": false}`,
	`{"x": 2.5, "y": {"z": [1]}, "s": "Tab\there 'q'", "inputs": [1, 2], "n": 0, "b": true}`,
	`9007199254740993`, `9223372036854775807`, `1e300`,
}

// expressions are ones that specs have, and the corners of the language.
var expressions = []string{
	`event`, `(event + 1)`, `(event > 3)`, `event['x'] * 2`, `event["x"]`, `event['y']['z'][0]`, `event['y']['z'][-1]`,
	`event['inputs'][0][2]`, `event['inputs'][0]`, `event['inputs'][1:]`, `event['inputs'][0][:2]`, `event['inputs'][::-1]`,
	`event[0]`, `event[-1]`, `event[10]`, `event[-10]`, `event[True]`, `event[1.0]`, `event['nope']`, `event[None]`, `event[[1]]`,
	`event[0:2]`, `event[1:]`, `event[:-1]`, `event[::2]`, `event[::-1]`, `event[5:1]`, `event[3:0:-2]`, `event[-100:100]`, `event[::0]`,
	`event['a':]`, `event[None:None]`, `event[1:2][0]`,
	`event == 5`, `event != 5`, `event == None`, `event is None`, `event is not None`, `event is True`, `event == True`, `event == 5.0`,
	`1 < event < 10`, `1 < event <= 5 != 3`, `not event`, `not event and event`, `event and 1 or 2`, `event or 'default'`, `not not event`,
	`event in [1, 2, 5]`, `event not in (1, 2, 5)`, `'a' in event`, `'x' in event`, `1 in event`, `None in event`, `[3, 4] in event`,
	`'x' in event and event['x'] > 3`, `event['x'] > 3 and event['b'] or event['n'] is None`,
	`event if event else None`, `1 if event else 2 if not event else 3`, `'big' if event > 4 else 'small'`,
	`event + event`, `event - 1`, `event * 2`, `2 * event`, `event / 2`, `event // 2`, `event % 3`, `event ** 2`, `event % -3`, `event // -2`,
	`event / 0`, `event // 0`, `event % 0`, `event // 0.0`, `event % 0.0`, `event / 0.0`, `-event`, `+event`, `~event`, `- -event`, `event ** 0.5`, `event ** -1`,
	`2 ** (event % 60)`, `0 ** event`, `event + 0.5`, `event * 1.0`, `event // 0.5`, `event % 0.7`, `7 // event`, `7 % event`, `-7 % event`, `7.5 // event`,
	`event / 3`, `event / 7 * 7`, `1e308 * 10`, `10.0 ** 400`, `-2 ** 2`, `2 ** -1`, `2 ** 3 ** 2`, `(-8) ** (1 / 3)`, `5 // 2 * 2 + 5 % 2`,
	`-7 // 2`, `-7 % 3`, `7 % -3`, `-7.5 // 2`, `-7.5 % 2`, `7.5 % -2`, `1e20 // 3`, `0.1 + 0.2`, `1 / 3`, `10 / 5`, `3 // 1.0`, `9007199254740993 / 3`,
	`9223372036854775807 / 2`, `9223372036854775807 == 9223372036854775807.0`, `9007199254740993 > 9007199254740992.0`, `-9223372036854775808`,
	`event | 4`, `event & 6`, `event ^ 1`, `event << 2`, `event >> 1`, `event << -1`, `True + True`, `True & False`, `True ^ True`, `~True`, `True | 2`,
	`event | {'new': 1}`, `{**event, 'x': 1}`, `{'a': event, **{'a': 2}}`, `[*event, 1]`, `(*event, 1)`, `[event, [event]]`, `(event,)`, `()`, `[]`, `{}`, `event,`,
	`event + 'a'`, `'a' + event`, `'a' + str(event)`, `'a' * 3`, `(event % 100) * 'ab'`, `[1] * 2`, `event + [1]`, `(1,) + (2,)`, `event * 2.0`, `'%s' if event else 'x'`,
	`len(event)`, `len(event['y'])`, `str(event)`, `repr(event)`, `int(event)`, `float(event)`, `bool(event)`, `abs(event)`, `round(event)`, `round(event, 1)`,
	`round(2.5)`, `round(3.5)`, `round(-2.5)`, `round(2.675, 2)`, `round(1234.5, -2)`, `round(1250, -2)`, `round(1350, -2)`, `round(0.5)`, `round(1e300, -299)`, `round(5, 2)`, `round(-1.5, -3)`, `round(event, None)`, `round(event, 'a')`,
	`int('12')`, `int(' -12 ')`, `int('1_000')`, `int('x')`, `int('')`, `int('1.5')`, `int(3.99)`, `int(-3.99)`, `int('ff', 16)`, `int('0xff', 16)`, `int('0b11', 0)`, `int('12', 2)`, `int(None)`, `int('--1')`, `int('010')`, `int('010', 0)`,
	`float('1.5')`, `float(' 1e3 ')`, `float('inf')`, `float('-Infinity')`, `float('nan')`, `float('x')`, `float('1_0.5')`, `float('')`, `float('0x1p3')`, `float('1e999')`, `int(float('inf'))`, `int(float('nan'))`,
	`min(event)`, `max(event)`, `sum(event)`, `min(event, 3)`, `max(3, event)`, `max(event, default=0)`, `sum(event, 1)`, `sum([[1], [2]], [])`, `sum(['a'])`, `sum(['a'], '')`, `min()`, `min([])`,
	`sorted(event)`, `sorted(event, reverse=True)`, `list(event)`, `tuple(event)`, `list(reversed(event))`, `any(event)`, `all(event)`, `list(range(5))`, `list(range(1, 10, 3))`, `list(range(5, 0, -2))`, `list(range(0))`, `list(range(1, 2, 0))`, `list(range(1.5))`,
	`list(enumerate(event))`, `list(zip(event, event))`, `dict(event)`, `dict(a=1, b=event)`, `dict(event, x=1)`, `dict([('a', 1), ['b', 2]])`, `dict([1])`,
	`[x * 2 for x in event]`, `[x for x in event if x]`, `sum(x for x in event)`, `[y for x in event for y in x]`, `{k: v for k, v in event.items()}`, `[k for k in event]`, `[a + b for a, b in event]`,
	`[[y * 2 for y in x] for x in event['inputs']]`, `any(x > 3 for x in event)`, `max([x for x in event], default=None)`, `[event for event in [1, 2]]`, `[x for x in [1, 2] for x in [x, x + 1]]`, `[x + y for x, y in zip([1, 2], [3, 4])]`, `{x: x ** 2 for x in range(4) if x % 2}`, `[(i, v) for i, v in enumerate('ab')]`,
	`event.get('x')`, `event.get('nope')`, `event.get('nope', 3)`, `event.get('y', {}).get('z', [])[0:1]`, `event.get([1])`, `list(event.keys())`, `list(event.values())`, `list(event.items())`,
	`event.upper()`, `event.lower()`, `event.strip()`, `event.title()`, `event.capitalize()`, `event.split()`, `event.split(',')`, `event.split('l', 1)`, `event.rsplit('l', 1)`, `event.split(None, 1)`, `event.rsplit(maxsplit=1)`, `event.split(sep='l', maxsplit=2)`, `event.split('')`,
	`event.startswith('Hello')`, `event.endswith(('12', 'x'))`, `event.startswith(1)`, `event.replace('l', 'LL')`, `event.replace('l', '', 1)`, `event.replace('', '-')`, `event.find('l')`, `event.rfind('l')`, `event.find('zz')`, `event.index('l')`, `event.index(3)`, `event.count('l')`, `event.count(1)`, `','.join(event)`, `'-'.join(str(x) for x in event)`,
	`event['s'].upper()`, `event['s'] + '!'`, `event['s'][0]`, `event['s'][::-1]`, `event['s'].isalpha()`, `event.isdigit()`, `'12'.isdigit()`, `''.isdigit()`, `'aB'.isupper()`, `'AB1'.isupper()`, `'ab'.islower()`, `' \t'.isspace()`, `'a1'.isalnum()`, `'-5'.zfill(4)`, `'xay'.strip('xy')`, `'  a'.lstrip()`, `'a  '.rstrip()`, `'wört'[1]`, `'wört'[1:3]`, `len('wört')`, `'prefix-a'.removeprefix('prefix-')`, `'a.py'.removesuffix('.py')`,
	`isinstance(event, int)`, `isinstance(event, (str, float))`, `isinstance(event, dict)`, `isinstance(event, list)`, `isinstance(event, bool)`, `isinstance((1,), tuple)`, `isinstance(event, 3)`,
	`f'x={event}'`, `f"{event!r}"`, `f'{event:>10}'`, `f'{event:.2f}'`, `f'{event:05d}'`, `f'{event:,}'`, `f'{event:+.1e}'`, `f'{event:^12}|'`, `f'{event:*<8}'`, `f'{event:.3}'`, `f'{event:%}'`, `f'{event:g}'`, `f'{event:x}'`, `f'{{}}{1 + 1}'`, `f'{event["x"]}'`, `f'{event["x"]:08.3f}' 'tail' "more"`, `f'{"a" if event else "b"}'`, `f'{1 == 1}'`, `f'{1 != 2}'`, `rf'\d{1}'`, `f'{1234567.891:,.2f}'`, `f'{1234567:015,}'`, `f'{-5:=6}'`, `f'{1e20:g}'`, `f'{0.00001:g}'`, `f'{0.0:g}'`, `f'{1e16}'`, `f'{123456789.0:.4}'`, `f'{100.0:.3}'`, `f'{100.0:.4}'`, `f'{float("nan"):.2f}'`, `f'{float("-inf"):>8}'`, `f'{True}'`, `f'{True:d}'`, `f'{True:>6}'`, `f'{"abc":.2}'`, `f'{"abc":5}|'`, `f'{5:b}'`, `f'{3:G}'`, `f'{1e-10:G}'`, `f'{"abc":05}'`, `f'{0.5:.0%}'`, `f'{2.5:.0f}'`, `f'{-0.0:.1f}'`,
	`'\x41\u00e9\n\t\'\\'`, `'\d'`, `r'\n'`, `'''a'b'''`, `"\101"`, `u'x'`, `'a' 'b'`, `repr("it's")`, `repr('"\'')`, `repr('\x00\x7f\xa0é\u200b')`, `'€'`,
	`0x1F`, `0b101`, `0o17`, `1_000`, `1.`, `.5`, `1e3`, `1E-3`, `00`, `1_0.0_1e1_0`, `1e16`, `1e15`, `123456789012345680.0`, `0.0001`, `0.00001`, `1.0`, `-0.0`, `1e22`, `5e-324`, `1.7976931348623157e308`,
	`{1: 'a', 'b': 2, None: 3, (1, 2): 4}`, `{1: 'a'}[1.0]`, `{True: 'a'}[1]`, `{'a': 1} == {'a': 1.0}`, `{0: 'setosa', 1: 'versicolor'}[event]`, `{'a': 1, 'b': 2}.get(event, 0)`, `{[1]: 2}`, `{'a': 1, 'a': 2}`, `{(1, 'a'): 1}[(1, 'a')]`,
	`(1, 2) == [1, 2]`, `[1, 2] == [1.0, True + 1]`, `[1, 2] < [1, 3]`, `(1, 2) < (1, 2, 0)`, `'a' < 'b'`, `'a' < 1`, `None < 1`, `[1] < ['a']`, `{} < {}`, `'Z' < 'a'`, `'é' > 'z'`, `float('nan') == float('nan')`, `float('nan') != 1`, `1 < float('nan')`,
	`True == 1`, `True is True`, `'' is not None`, `1 == '1'`, `None == False`, `[] == ()`, `event == event`, `event != event`, `event <= event`, `event < event`, `event['inputs'] == [[1, 2.5, 3], [4, 5, 6]]`, `event == [1, 2, 3, 4]`,
	`ord('a')`, `chr(8364)`, `ord('ab')`, `pow(2, 10)`, `divmod(-7, 2)`, `divmod(7.5, 2)`, `divmod(1, 0)`, `(2.0).is_integer()`, `(2.5).is_integer()`, `5 .is_integer() if False else 1`,
	`event = 1`, `event;`, `(event`, `event)`, `[1, 2`, `event +`, `1 +* 2`, `'abc`, `event ? 1 : 2`, `event && 1`, `1 2`, `{1, 2`, `a.b.c(`, `not`, `if event else 1`, `event['a'`, `1 if 2`, `[1 for]`, `f'{'`, `f'{}'`, `f'}'`, `01`, `1__0`, `0x`, `1e`, `'\x4'`, `f(x=1, 2)`, `None = 1`, `import os`,
}
