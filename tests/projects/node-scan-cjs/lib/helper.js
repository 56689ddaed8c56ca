module.exports = { load: () => require('lodash/fp') };
