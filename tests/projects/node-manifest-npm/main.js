import express from "express"; import "forgotten";
