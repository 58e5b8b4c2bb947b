// The definitions of figures, as the descriptions of the schema have them: what a person reads on hover is what the API promises.
const types = ['UtilizationReport', 'LicenseUtilization', 'UtilizationWindow', 'UnusedSeats', 'SeatFlow', 'SeatForecast', 'AlertKind'];

module.exports = {
  plugin(schema) {
    const of = Object.fromEntries(types.map((name) => {
      const type = schema.getType(name);
      const parts = type.getFields ? Object.values(type.getFields()) : type.getValues();
      return [name, Object.fromEntries(parts.filter((p) => p.description).map((p) => [p.name, p.description]))];
    }));
    return `export const definitions = ${JSON.stringify(of, null, 2)} as const;\n`;
  },
};
