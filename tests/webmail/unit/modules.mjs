// Lets node import the webmail's modules: what the page's import map names is found here, and drawing is left out.
import { register } from "node:module";

const vendor = new URL("../../../webmail/vendor/", import.meta.url).href;
const nothing = "data:text/javascript,export const html=(s,...v)=>({s,v}),svg=html,render=()=>{},nothing=null,repeat=(i,k,t)=>[...i].map(t)";
const map = { "lit-html": nothing, "lit-html/repeat": nothing, "lit-html/live": nothing, signals: `${vendor}signals-core.js` };
const hook = `const map=${JSON.stringify(map)};export const resolve=(name,context,next)=>name in map?{url:map[name],shortCircuit:true}:next(name,context);
export const load=async(url,context,next)=>{if(!url.startsWith("file:")||!url.includes("/webmail/")||!url.endsWith(".js"))return next(url,context);
const {readFile}=await import("node:fs/promises");return{format:"module",source:await readFile(new URL(url)),shortCircuit:true}};`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

/** Imports a module of the webmail. @param {string} path below webmail/app */
export const app = (path) => import(new URL(`../../../webmail/app/${path}`, import.meta.url).href);
