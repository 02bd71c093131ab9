// Plays the scenario that is named, `chat/…`; without one it lists them all. It ends when its standard input does.
'use strict';

const stage = require('./stage');

const FILES = ['chat', 'feed', 'auth', 'limits', 'packing', 'manners'];
// A browser is not everywhere.
if (process.env.WSLAB_CHROMIUM) FILES.push('browser');

async function main() {
  const name = process.argv[2];
  if (name === undefined) {
    for (const file of FILES) {
      for (const scenario of Object.keys(require(`./${file}`))) console.log(`${file}/${scenario}`);
    }
    return;
  }
  const [file, scenario] = name.split('/');
  await require(`./${file}`)[scenario]();
}

process.stdin.on('end', () => process.exit(3)).resume();
main().then(() => process.exit(0), (error) => {
  // Large messages need not be seen whole.
  console.error(error.stack.split('\n').map((line) => line.slice(0, 500)).join('\n'));
  stage.tellWhatServersSaid();
  process.exit(1);
});
