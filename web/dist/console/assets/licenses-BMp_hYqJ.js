import{a as e,r as t,s as n,t as r}from"./page-BDB13xhl.js";import{h as i,n as a,t as o}from"./Text-BxQwVeDm.js";import{d as s,p as c,r as l,t as u}from"./problem-DsjgMm7I.js";import{n as d}from"./live-BSoyXMWb.js";import{t as f}from"./money-BpdMymNa.js";import{i as p,t as m}from"./seats-DTZfaFoi.js";import{n as h}from"./time-Djqc2scl.js";var g=i(),_=l(`
  query Licenses {
    licenses(first: 100) {
      totalCount
      nodes {
        id product sku edition total taken free waiting overAssigned termStart termEnd pricePerSeatMinor currency
        activated: seats(state: ACTIVATED) { totalCount }
        invited: seats(state: INVITED) { totalCount }
        consent: seats(state: CONSENT_PENDING) { totalCount }
        paused: seats(state: PAUSED) { totalCount }
        grace: seats(state: GRACE) { totalCount }
      }
    }
  }
`);function v(){let[{data:i,error:l,fetching:v},y]=s({query:_});return d(()=>y({requestPolicy:`network-only`})),(0,g.jsxs)(g.Fragment,{children:[(0,g.jsx)(t,{title:`Licenses`,says:`What your company bought, and who sits there. A full license turns nobody away: who comes next waits in line and gets the first seat that is free.`}),(0,g.jsx)(u,{error:l,retry:()=>y({requestPolicy:`network-only`})}),!i&&v&&(0,g.jsx)(`div`,{className:`card flush`,children:(0,g.jsx)(e,{rows:6})}),i?.licenses.nodes.length===0&&(0,g.jsx)(`div`,{className:`card flush`,children:(0,g.jsxs)(r,{title:`No licenses yet`,children:[`A license is a product and a number of seats. Your vendor or the operator adds it, as with `,(0,g.jsx)(`span`,{className:`mono`,children:`usher license create`}),`.`]})}),(0,g.jsx)(c,{gap:`sm`,children:i?.licenses.nodes.map(e=>(0,g.jsxs)(`div`,{className:`card`,children:[(0,g.jsxs)(a,{justify:`space-between`,mb:10,children:[(0,g.jsxs)(`div`,{children:[(0,g.jsx)(n,{href:`#/licenses/${e.id}`,fw:600,c:`inherit`,children:e.product}),(0,g.jsxs)(o,{size:`xs`,c:`dimmed`,children:[(0,g.jsx)(`span`,{className:`mono`,children:e.sku}),e.edition&&` · ${e.edition}`,e.termEnd&&` · until ${h(e.termEnd)}`,e.pricePerSeatMinor&&e.currency?` · ${f(e.pricePerSeatMinor,e.currency)} a seat and year`:``]})]}),(0,g.jsxs)(o,{size:`sm`,c:`dimmed`,children:[p(e.taken),` of `,p(e.total),` taken`,e.overAssigned>0&&(0,g.jsxs)(o,{component:`span`,size:`sm`,c:`red`,fw:600,children:[` · `,p(e.overAssigned),` more than bought`]})]})]}),(0,g.jsx)(m,{license:e})]},e.id))})]})}export{v as default};