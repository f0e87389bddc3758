/*
 * Where the policy pack starts: making a PolicyPack serves it at once. This one file is JavaScript because the SDK hands
 * a TypeScript entry to a compiler that refuses imports of `.ts` files; what it imports, Node runs as it is.
 */
import { PolicyPack } from "@pulumi/policy";
import { description, name, policies } from "./pack.ts";

new PolicyPack(name, { description, policies });
