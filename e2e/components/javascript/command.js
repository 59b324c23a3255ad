// A command: prints its arguments, a variable, a file of its first directory, and what comes on standard input.
import { getArguments, getEnvironment } from 'wasi:cli/environment@0.2.10';
import { getStdin } from 'wasi:cli/stdin@0.2.10';
import { getDirectories } from 'wasi:filesystem/preopens@0.2.10';

export const run = {
  run() {
    const [, ...args] = getArguments();
    console.log(JSON.stringify(args.map((text) => text.toUpperCase()).toSorted()));
    console.log(new Map(getEnvironment()).get('GREETING'));
    const [[directory]] = getDirectories();
    const file = directory.openAt({}, 'note', {}, { read: true });
    console.log(text(file.read(1000n, 0n)[0]).trim());
    const stdin = getStdin();
    console.log(text(stdin.blockingRead(1000n)).split('').toReversed().join(''));
    console.log([...primes(20)].join(' '));
  },
};

const text = (bytes) => new TextDecoder().decode(bytes);

function* primes(limit) {
  for (let n = 2; n < limit; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) prime &&= n % d !== 0;
    if (prime) yield n;
  }
}
