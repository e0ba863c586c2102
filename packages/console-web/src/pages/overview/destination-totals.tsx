import { Link } from '@tanstack/react-router';
import { numberText } from '../../components/count-text.ts';
import type { Overview } from './overview-query.ts';

/** What became of the deliveries in the whole time, by destination. */
export function DestinationTotals({ destinations }: Pick<Overview, 'destinations'>) {
  if (destinations.length === 0) return null;
  return (
    <section className="chart" aria-label="Destinations in this time">
      <h2>By destination</h2>
      <div className="chart-table">
        <table>
          <thead>
            <tr>
              <th scope="col">Destination</th>
              <th scope="col">Delivered</th>
              <th scope="col">Failed attempts</th>
              <th scope="col">Parked</th>
            </tr>
          </thead>
          <tbody>
            {destinations.map(({ destination, delivered, failed, parked }) => (
              <tr key={destination}>
                <th scope="row">
                  <Link to="/events" search={{ destination }}>
                    {destination}
                  </Link>
                </th>
                <td>{numberText(delivered)}</td>
                <td>{numberText(failed)}</td>
                <td>{numberText(parked)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
