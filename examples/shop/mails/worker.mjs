// Sends the shop's mails: a worker without a port. Without evenkeel it runs just as well.

let sent = 0;

setInterval(() => {
  sent += 1;
  console.log(`mails: sent ${sent}`);
}, 1000);

process.on('SIGTERM', () => {
  console.log(`mails: leaving after ${sent} mails`);
  process.exit(0);
});

process.send?.('online');
