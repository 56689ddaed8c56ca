const fs = require('fs');
const express = require('express');
const helper = require('./lib/helper');
let colors;
try {
  colors = require('picocolors');
} catch (err) {
  colors = require('ansi-colors');
}
const pattern = /require\('bluebird'\)/g, ratio = fs.a / require('ms') / 2;
app.get('/', (req, res) => res.send("it's require('async')"));
