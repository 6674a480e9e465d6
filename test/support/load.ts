// HTTP load for tests: the example's own generator (plain JavaScript, so that the demo runs without a build step).

export { type Load, type LoadOptions, type LoadReport, startLoad } from '../../examples/shop/load.mjs';
