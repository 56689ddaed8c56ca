import org.joda.time.DateTime;
