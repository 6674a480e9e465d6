// Is there, and does nothing.

process.send?.('ready');
setInterval(() => undefined, 2 ** 31 - 1);
