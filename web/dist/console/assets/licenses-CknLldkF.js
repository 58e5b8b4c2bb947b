import{a as e,l as t,r as n,s as r,t as i}from"./page-ciGORwyd.js";import{S as a,_ as o,at as s,b as c,h as l,i as u,s as d,t as f}from"./problem-CiFgsrdP.js";import{i as p,t as m}from"./seats-B7ObahQI.js";var h=s(),g=d(`
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
`);function _(e,t){let n=new Intl.NumberFormat(`en`,{style:`currency`,currency:t});return n.format(e/10**(n.resolvedOptions().maximumFractionDigits??2))}function v(){let[{data:s,error:d,fetching:v},y]=l({query:g});return u(()=>y({requestPolicy:`network-only`})),(0,h.jsxs)(h.Fragment,{children:[(0,h.jsx)(n,{title:`Licenses`,says:`What your company bought, and who sits there. A full license turns nobody away: who comes next waits in line and gets the first seat that is free.`}),(0,h.jsx)(f,{error:d,retry:()=>y({requestPolicy:`network-only`})}),!s&&v&&(0,h.jsx)(`div`,{className:`card flush`,children:(0,h.jsx)(e,{rows:6})}),s?.licenses.nodes.length===0&&(0,h.jsx)(`div`,{className:`card flush`,children:(0,h.jsxs)(i,{title:`No licenses yet`,children:[`A license is a product and a number of seats. Your vendor or the operator adds it, as with `,(0,h.jsx)(`span`,{className:`mono`,children:`usher license create`}),`.`]})}),(0,h.jsx)(o,{gap:`sm`,children:s?.licenses.nodes.map(e=>(0,h.jsxs)(`div`,{className:`card`,children:[(0,h.jsxs)(a,{justify:`space-between`,mb:10,children:[(0,h.jsxs)(`div`,{children:[(0,h.jsx)(t,{href:`#/licenses/${e.id}`,fw:600,c:`inherit`,children:e.product}),(0,h.jsxs)(c,{size:`xs`,c:`dimmed`,children:[(0,h.jsx)(`span`,{className:`mono`,children:e.sku}),e.edition&&` · ${e.edition}`,e.termEnd&&` · until ${r(e.termEnd)}`,e.pricePerSeatMinor&&e.currency?` · ${_(e.pricePerSeatMinor,e.currency)} a seat and year`:``]})]}),(0,h.jsxs)(c,{size:`sm`,c:`dimmed`,children:[p(e.taken),` of `,p(e.total),` taken`,e.overAssigned>0&&(0,h.jsxs)(c,{component:`span`,size:`sm`,c:`red`,fw:600,children:[` · `,p(e.overAssigned),` more than bought`]})]})]}),(0,h.jsx)(m,{license:e})]},e.id))})]})}export{v as default,_ as money};