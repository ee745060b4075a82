import fc from 'fast-check';

/**
 * One seed for every property, so that a run of the tests means the same on every machine and day; `npm run fuzz` takes
 * a new one each time (fast-check prints it where a property fails). A set-up file of vitest.
 */
const FIXED = 20_261_124;

const { PLIMSOLL_FUZZ } = process.env;
if (PLIMSOLL_FUZZ !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: FIXED });
