import{C as e,a as t,b as n,l as r,r as i,s as a,t as o,v as s}from"./page-CWN6btLl.js";import{h as c,n as l,t as u}from"./Text-BxQwVeDm.js";import{n as d}from"./live-B4LrYL_z.js";import{t as f}from"./money-BpdMymNa.js";import{i as p,t as m}from"./seats-DI3gIYjT.js";import{n as h}from"./time-DhtbDvrd.js";var g=c(),_=r(`
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
`);function v(){let[{data:r,error:c,fetching:v},y]=s({query:_});return d(()=>y({requestPolicy:`network-only`})),(0,g.jsxs)(g.Fragment,{children:[(0,g.jsx)(i,{title:`Licenses`,says:`What your company bought, and who sits there. A full license turns nobody away: who comes next waits in line and gets the first seat that is free.`}),(0,g.jsx)(a,{error:c,retry:()=>y({requestPolicy:`network-only`})}),!r&&v&&(0,g.jsx)(`div`,{className:`card flush`,children:(0,g.jsx)(t,{rows:6})}),r?.licenses.nodes.length===0&&(0,g.jsx)(`div`,{className:`card flush`,children:(0,g.jsxs)(o,{title:`No licenses yet`,children:[`A license is a product and a number of seats. Your vendor or the operator adds it, as with `,(0,g.jsx)(`span`,{className:`mono`,children:`usher license create`}),`.`]})}),(0,g.jsx)(n,{gap:`sm`,children:r?.licenses.nodes.map(t=>(0,g.jsxs)(`div`,{className:`card`,children:[(0,g.jsxs)(l,{justify:`space-between`,mb:10,children:[(0,g.jsxs)(`div`,{children:[(0,g.jsx)(e,{href:`#/licenses/${t.id}`,fw:600,c:`inherit`,children:t.product}),(0,g.jsxs)(u,{size:`xs`,c:`dimmed`,children:[(0,g.jsx)(`span`,{className:`mono`,children:t.sku}),t.edition&&` · ${t.edition}`,t.termEnd&&` · until ${h(t.termEnd)}`,t.pricePerSeatMinor&&t.currency?` · ${f(t.pricePerSeatMinor,t.currency)} a seat and year`:``]})]}),(0,g.jsxs)(u,{size:`sm`,c:`dimmed`,children:[p(t.taken),` of `,p(t.total),` taken`,t.overAssigned>0&&(0,g.jsxs)(u,{component:`span`,size:`sm`,c:`red`,fw:600,children:[` · `,p(t.overAssigned),` more than bought`]})]})]}),(0,g.jsx)(m,{license:t})]},t.id))})]})}export{v as default};